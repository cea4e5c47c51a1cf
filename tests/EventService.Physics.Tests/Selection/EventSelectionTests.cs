using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Selection;

namespace EventService.Physics.Tests.Selection;

/// <summary>Bounds from section 3.1 of the description of the Dark Machines samples.</summary>
public class EventSelectionTests
{
    [Theory]
    [InlineData(ObjectType.Jet, 20.01, 2.79, true)]
    [InlineData(ObjectType.Jet, 20, 1, false)]
    [InlineData(ObjectType.BJet, 500, -2.8, false)]
    [InlineData(ObjectType.BJet, 500, -2.799, true)]
    [InlineData(ObjectType.ElectronMinus, 15.01, 2.69, true)]
    [InlineData(ObjectType.ElectronPlus, 15, 0, false)]
    [InlineData(ObjectType.ElectronPlus, 25, 1.45, true)]
    [InlineData(ObjectType.MuonMinus, 14.9, 0, false)]
    [InlineData(ObjectType.MuonPlus, 30, 2.7, false)]
    [InlineData(ObjectType.Photon, 20.01, -2.36, true)]
    [InlineData(ObjectType.Photon, 100, 2.37, false)]
    [InlineData(ObjectType.Photon, double.NaN, 0, false)]
    public void ObjectCut_AtItsBounds_KeepsOrDrops(ObjectType type, double pt, double eta, bool kept) =>
        Assert.Equal(kept, EventSelection.ObjectCut(type).Passes(pt, eta));

    [Theory]
    [InlineData(ObjectType.Jet, 60.01, 2.79, true)]
    [InlineData(ObjectType.Jet, 60, 0, false)]
    [InlineData(ObjectType.BJet, 60.01, -2.8, false)]
    [InlineData(ObjectType.ElectronMinus, 25.01, 2.46, true)]
    [InlineData(ObjectType.ElectronMinus, 25.01, 2.47, false)]
    [InlineData(ObjectType.ElectronMinus, 90, 1.371, false)]
    [InlineData(ObjectType.ElectronPlus, 90, -1.519, false)]
    [InlineData(ObjectType.ElectronPlus, 90, -1.37, true)]
    [InlineData(ObjectType.ElectronPlus, 90, 1.52, true)]
    [InlineData(ObjectType.MuonMinus, 25.01, 2.69, true)]
    [InlineData(ObjectType.MuonPlus, 25, 0, false)]
    [InlineData(ObjectType.Photon, 25.01, 2.36, true)]
    [InlineData(ObjectType.Photon, 25.01, 2.37, false)]
    public void EventCut_AtItsBounds_SelectsOrNot(ObjectType type, double pt, double eta, bool selects)
    {
        Assert.Equal(selects, EventSelection.EventCut(type).Passes(pt, eta));
        Assert.Equal(selects, EventSelection.Selects([ObjectType.Jet, type], [21, pt], [0, eta]));
    }

    [Fact]
    public void Passes_OneObjectOutsideItsCut_DropsTheEvent()
    {
        ObjectType[] types = [ObjectType.Jet, ObjectType.Jet];
        Assert.True(EventSelection.Passes(types, [80, 21], [0, 2]));
        Assert.False(EventSelection.Passes(types, [80, 19], [0, 2]));
        Assert.Equal(1, EventSelection.FirstFailedObject(types, [80, 19], [0, 2]));
        Assert.False(EventSelection.Passes([], [], []));
    }

    [Fact]
    public void Passes_EventsOfTheSamples_All()
    {
        foreach (var file in new[] { "ttbar-300.csv", "gluino_01-50.csv" })
        {
            var sample = DarkMachinesReader.ReadAll(Repository.TestData(file));
            for (var k = 0; k < sample.Count; k++)
            {
                Assert.True(EventSelection.Passes(sample, k), $"{file}, event {sample.EventNumber[k]}");
            }
        }
    }
}

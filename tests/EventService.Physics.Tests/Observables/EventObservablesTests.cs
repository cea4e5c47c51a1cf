using System.Text.Json;

using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Observables;

namespace EventService.Physics.Tests.Observables;

public class EventObservablesTests
{
    [Fact]
    public void EventObservables_OfSimulatedEvents_AgreeWithIndependentImplementation()
    {
        // make_observables_reference.py, brute force with numpy.
        using var reference = JsonDocument.Parse(File.ReadAllText(Repository.TestData("Evaluation/observables_reference.json")));
        var table = ObservableTable.Compute(DarkMachinesReader.ReadAll(Repository.TestData("ttbar-300.csv")), EventObservables.All);
        var k = 0;
        foreach (var expected in reference.RootElement.EnumerateArray())
        {
            Assert.Equal(EventObservables.All.Count, expected.EnumerateObject().Count());
            for (var c = 0; c < table.Observables.Count; c++)
            {
                var value = expected.GetProperty(table.Observables[c].Name);
                var x = table.Columns[c][k];
                if (value.ValueKind == JsonValueKind.Null)
                {
                    Assert.True(double.IsNaN(x), $"Event {k}: {table.Observables[c].Name} is {x}, expected none.");
                }
                else
                {
                    // Masses of light jets and of leptons are differences of large squares: the mass squared is good to 1e-13 E^2.
                    var tolerance = 1e-8 * Math.Max(1, Math.Abs(value.GetDouble()));
                    Assert.True(
                        Math.Abs(x - value.GetDouble()) <= tolerance,
                        $"Event {k}: {table.Observables[c].Name} is {x}, expected {value.GetDouble()}.");
                }
            }

            k++;
        }

        Assert.Equal(40, k);
    }

    [Fact]
    public void EventObservables_OfBackToBackPair_HaveClosedForms()
    {
        // Two massless b-jets of 50 GeV back to back at eta 0, MET 10 GeV across them.
        var sample = new EventSample();
        sample.AddEvent(1, 1, 10, Math.PI / 2);
        sample.AddObject(ObjectType.BJet, 50, 50, 0, 0);
        sample.AddObject(ObjectType.BJet, 50, 50, 0, -Math.PI);
        var e = new EventKinematics();
        e.Load(sample, 0);

        double Of(string name) => EventObservables.Named(name).Value(e);
        Assert.Equal(100, Of("HT"), 1e-10);
        Assert.Equal(100, Of("m_b1_b2"), 1e-10);
        Assert.Equal(0, Of("MHT"), 1e-10);
        Assert.Equal(10, Of("balance"), 1e-10);
        Assert.Equal(Math.PI, Of("dR_b1_b2"), 1e-10);
        Assert.Equal(0, Of("sphericity_T"), 1e-10);
        Assert.Equal(0.5, Of("leading_share"), 1e-10);
        Assert.Equal(Math.PI / 2, Of("dphi_b1_MET"), 1e-10);
        Assert.Equal(Math.Sqrt(2 * 50 * 10), Of("mT_b1_MET"), 1e-10);
        Assert.Equal(double.NaN, Of("j1_pt"));
        Assert.Equal(double.NaN, Of("m_jj_W"));
        Assert.Equal(double.NaN, Of("min_dR_lepton_jet"));
    }

    [Fact]
    public void EventObservables_StayInTheirRange()
    {
        var table = ObservableTable.Compute(
            DarkMachinesReader.ReadAll(Repository.TestData("Evaluation/ttbar-4000.csv.gz")), EventObservables.All);
        for (var c = 0; c < table.Observables.Count; c++)
        {
            var o = table.Observables[c];
            // phi has six digits
            Assert.All(table.Columns[c], x => Assert.False(x < o.Minimum - 1e-9 || x > o.Maximum + 1e-4, $"{o.Name} is {x}."));
        }
    }

    [Fact]
    public void EventObservables_NamesAreUnique() =>
        Assert.Equal(EventObservables.All.Count, EventObservables.All.Select(o => o.Name).Distinct().Count());

    [Fact]
    public void Features_AreTheSameAfterRotation()
    {
        var sample = DarkMachinesReader.ReadAll(Repository.TestData("ttbar-300.csv"));
        var rotated = new EventSample();
        for (var k = 0; k < sample.Count; k++)
        {
            static double Rotate(double phi) => Math.IEEERemainder(phi + 2.1, 2 * Math.PI);
            rotated.AddEvent(k, 1, sample.Met[k], Rotate(sample.MetPhi[k]));
            for (var i = sample.Offsets[k]; i < sample.Offsets[k + 1]; i++)
            {
                rotated.AddObject(sample.Type[i], sample.Energy[i], sample.Pt[i], sample.Eta[i], Rotate(sample.Phi[i]));
            }
        }

        var (a, b) = (FeatureMatrix.Compute(sample), FeatureMatrix.Compute(rotated));
        Assert.Equal(a.Names.Count, a.Names.Distinct().Count());
        for (var i = 0; i < a.Values.Length; i++)
        {
            Assert.True(
                float.IsNaN(a.Values[i]) == float.IsNaN(b.Values[i]) && !(Math.Abs(a.Values[i] - b.Values[i]) > 1e-4),
                $"{a.Names[i % a.Columns]}: {a.Values[i]} and {b.Values[i]}.");
        }
    }

    [Fact]
    public void Features_OfAbsentObjects_AreFlaggedAndMissing()
    {
        var sample = new EventSample();
        sample.AddEvent(1, 1, 30, 0.5);
        sample.AddObject(ObjectType.Jet, 90, 80, 0.3, 1);
        var features = FeatureMatrix.Compute(sample);
        float Of(string name) => features.Values[features.Names.ToList().IndexOf(name)];
        Assert.Equal(1, Of("j1_present"));
        Assert.Equal(MathF.Log(80), Of("j1_log_pt"), 1e-6f);
        Assert.Equal(MathF.Cos(0.5f), Of("j1_cos_dphi_MET"), 1e-6f);
        Assert.Equal(0, Of("l1_present"));
        Assert.Equal(float.NaN, Of("l1_charge"));
        Assert.Equal(float.NaN, Of("b1_log_pt"));
        Assert.Equal(float.NaN, Of("log_m_b1_b2"));
    }
}

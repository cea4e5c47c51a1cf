using EventService.Physics.Events;

namespace EventService.Training;

/// <summary>What a model of whole events takes from its file as a whole.</summary>
internal static class SampleTotals
{
    // The weights of a Dark Machines file add up to the events expected in this luminosity [1/pb].
    private const double FileLuminosity = 10_000;

    // Room in records of fixed size for objects beyond the data's greatest counts: exceeded once in 1e10 events.
    private const int SpareObjects = 3;

    public static double SumOfWeights(EventSample sample)
    {
        double sum = 0;
        foreach (var weight in sample.Weight)
        {
            sum += weight;
        }

        return sum;
    }

    /// <summary>Share of the simulated events that the file has.</summary>
    public static double SelectionEfficiency(double sumOfWeights, double crossSectionPb) => sumOfWeights / FileLuminosity / crossSectionPb;

    /// <summary>What the weights of a file of this cross-section and efficiency add up to.</summary>
    public static double ExpectedEvents(double crossSectionPb, double efficiency) => crossSectionPb * efficiency * FileLuminosity;

    /// <summary>The schema with room for more objects than any event of the file has.</summary>
    public static SampleSchema SchemaWithSpareObjects(EventSample sample)
    {
        var schema = DarkMachinesSchema.Create(sample);
        int Maximum(string name) => schema.Collections.First(c => c.Name == name).Maximum + SpareObjects;
        return DarkMachinesSchema.Create(new ObjectMaxima(Maximum("Jet"), Maximum("BJet"), Maximum("Electron"), Maximum("Muon"), Maximum("Photon")));
    }
}

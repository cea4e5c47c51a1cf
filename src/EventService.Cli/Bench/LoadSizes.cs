namespace EventService.Cli.Bench;

/// <summary>Sizes of requests, from uniform numbers in [0, 1).</summary>
internal sealed record LoadSizes(long Least, long Most)
{
    public double LinearMean => (Least + Most) / 2.0;

    public long Linear(double u) => Least + (long)(u * (Most - Least + 1));

    /// <summary>Even on a logarithmic scale: as many between 1 and 10 as between 1e5 and 1e6.</summary>
    public long Logarithmic(double u) => Math.Clamp((long)(Least * Math.Pow((Most + 1.0) / Least, u)), Least, Most);
}

namespace EventService.Training.Runs;

/// <summary>Is told how far the measurements behind a training are, one after the other.</summary>
public interface IMeasuringProgress
{
    /// <summary>A measurement begins; the one before is over.</summary>
    /// <param name="what">As in "measuring the acceptance".</param>
    /// <param name="total">Draws that it takes.</param>
    void Begin(string what, long total);

    /// <summary>So many draws are done. Called from any thread.</summary>
    void Report(long done);
}

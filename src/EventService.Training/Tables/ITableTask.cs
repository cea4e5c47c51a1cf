using EventService.Models.Flows.Layers;

namespace EventService.Training.Tables;

/// <summary>What is trained on a table: its average becomes the layers of a flow.</summary>
internal interface ITableTask : ITrainingTask
{
    /// <summary>The layers with the averaged parameters, from the data to the base distribution.</summary>
    IReadOnlyList<FlowLayer> Export();

    /// <summary>Rows of the events that take the place of a base distribution; null where there is one.</summary>
    int[]? SourceRows => null;
}

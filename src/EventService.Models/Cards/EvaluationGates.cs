namespace EventService.Models.Cards;

/// <summary>What a model must reach to be served without an override.</summary>
/// <param name="LargestAuc">Of the classifier two-sample test.</param>
/// <param name="LargestWassersteinRatio">Of every observable, over its Monte Carlo floor.</param>
public sealed record EvaluationGates(double LargestAuc = 0.60, double LargestWassersteinRatio = 3);

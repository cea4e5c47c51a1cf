namespace EventService.Evaluation;

/// <summary>The evaluation of a conditional model at one point of its conditions.</summary>
/// <param name="Name">As in "mGluino=1400".</param>
/// <param name="Values">The values of the conditions.</param>
/// <param name="Report">What was found there.</param>
public sealed record PointReport(string Name, IReadOnlyList<double> Values, EvaluationReport Report);

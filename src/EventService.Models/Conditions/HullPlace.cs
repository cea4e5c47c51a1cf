namespace EventService.Models.Conditions;

/// <summary>Where values are with respect to a hull.</summary>
/// <param name="Distance">From the hull, in shares of each parameter's range; 0 inside.</param>
/// <param name="Nearest">The point of the hull that is nearest in this sense.</param>
/// <param name="Weights">Trained points that the nearest point is the mean of: their places and weights, which are above 0 and add up to
/// 1.</param>
public sealed record HullPlace(double Distance, IReadOnlyList<double> Nearest, IReadOnlyList<(int Point, double Weight)> Weights);

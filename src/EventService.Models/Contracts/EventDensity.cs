namespace EventService.Models.Contracts;

/// <summary>Density of one event.</summary>
/// <param name="LogDensity">Natural log; negative infinity where the model gives the event no density.</param>
/// <param name="Error">Standard error of the log-density, from the measured acceptance of the validity filter.</param>
/// <param name="Reason">Why the density is zero; null where it is not.</param>
public readonly record struct EventDensity(double LogDensity, double Error, string? Reason);

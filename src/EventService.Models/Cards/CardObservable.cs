namespace EventService.Models.Cards;

/// <summary>An observable on a card: W1 in standard deviations of Monte Carlo, its floor, and their ratio.</summary>
public sealed record CardObservable(string Name, double Wasserstein, double Floor, double Ratio);

namespace EventService.Registry.Cards;

/// <summary>An evaluation report (JSON) and whether it passes its gates.</summary>
public sealed record NewCard(string Content, bool Passed);

namespace EventService.Models.Contracts;

/// <summary>Names a stream of events of a model: all that an event depends on besides the model and its index.</summary>
/// <param name="Seed">Any unsigned 64-bit number.</param>
/// <param name="Condition">Values of the model's condition parameters in their order; empty for an unconditional model.</param>
public readonly record struct EventStream(ulong Seed, IReadOnlyList<double> Condition);

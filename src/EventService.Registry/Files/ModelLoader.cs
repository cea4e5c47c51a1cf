using EventService.Models;


namespace EventService.Registry.Files;

/// <summary>Turns the bytes of a model file into a model; <c>EventGenerator.Load</c> outside tests.</summary>
public delegate EventGenerator ModelLoader(ReadOnlyMemory<byte> file);

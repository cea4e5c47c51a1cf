namespace EventService.Training;

/// <summary>What a model is called and what it stands for.</summary>
/// <param name="Name">Model name.</param>
/// <param name="Process">Physics process as clients ask for it.</param>
/// <param name="Description">One line for the list of models.</param>
public sealed record ModelIdentity(string Name, string Process, string Description);

/// <summary>What a model was made of.</summary>
/// <param name="Command">The command that makes the model, with the data file by name only.</param>
/// <param name="DataFile">Name of the data file.</param>
/// <param name="DataSha256">Its digest.</param>
public sealed record ModelOrigin(string Command, string DataFile, string DataSha256);

namespace EventService.Registry;

public enum RegistryFault
{
    /// <summary>No such process, model, version or alias; the message lists what there is.</summary>
    NotFound,

    /// <summary>The question fits several models, or contradicts itself.</summary>
    Ambiguous,

    /// <summary>What is to be changed contradicts what is there, or somebody else has changed it first.</summary>
    Conflict,

    /// <summary>A name, a file or a card is not what the registry takes.</summary>
    Invalid,

    /// <summary>The version has not passed its validation, so no request may get it by default.</summary>
    NotValidated,

    /// <summary>Who asks has no key, or one that does not allow it.</summary>
    Denied,

    /// <summary>The file is longer than the registry takes.</summary>
    TooLarge,

    /// <summary>The owner has as many as are allowed.</summary>
    TooMany,

    /// <summary>The database or the bytes in it cannot be used.</summary>
    Unusable,
}

/// <summary>The registry cannot do what was asked; the message says why, what there is and what to do.</summary>
public sealed class RegistryException(RegistryFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public RegistryFault Fault => fault;
}

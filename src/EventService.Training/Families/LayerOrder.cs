namespace EventService.Training.Families;

/// <summary>What stands between two layers of a flow, so that no feature is always first.</summary>
public enum LayerOrder
{
    /// <summary>The features in reverse order.</summary>
    Reverse,

    /// <summary>A fixed random order, another one each time.</summary>
    Random,

    /// <summary>A learnt linear map L U, which starts as the identity after a fixed random order (Durkan et al. 2019, sec. 3.2).</summary>
    Lu,
}

/// <summary>What else stands before each layer.</summary>
public enum LayerNorm
{
    None,

    /// <summary>
    /// A scale and a shift for each feature, learnt, which start as the standardisation of the first batch (Kingma and Dhariwal 2018, sec.
    /// 3.1).
    /// </summary>
    Actnorm,

    /// <summary>Batch normalisation (Dinh et al. 2017, sec. 3.7; Papamakarios et al. 2017, sec. 3.4).</summary>
    Batch,
}

namespace EventService.Physics.Observables;

/// <summary>Heading under which an observable is listed.</summary>
public enum ObservableGroup
{
    Multiplicity,
    Event,
    Balance,
    Jets,
    BJets,
    Leptons,
    Photons,
    Angles,
    Masses,
    Columns,
}

/// <summary>How an observable is shown to a classifier; histograms always show the observable itself.</summary>
public enum FeatureScale
{
    /// <summary>Unchanged.</summary>
    Linear,

    /// <summary>log(max(x, 0.01)): positive quantities that fall over orders of magnitude.</summary>
    Logarithm,

    /// <summary>asinh(x / 10): signed quantities with long tails, linear within about 10 GeV of zero.</summary>
    InverseSinh,
}

/// <summary>
/// A number computed from a whole event, NaN where the event lacks the objects it needs.
/// </summary>
/// <param name="Name">Identifier for files: letters, digits, underscore.</param>
/// <param name="Label">Printed name: an underscore makes the next letter or {group} a subscript.</param>
/// <param name="Unit">"GeV", "rad" or "1".</param>
/// <param name="Minimum">Lower end of the range of possible values; may be negative infinity.</param>
/// <param name="Maximum">Upper end of the range of possible values; may be infinity.</param>
/// <param name="IsInteger">True for counts.</param>
/// <param name="Group">Heading under which it is listed.</param>
/// <param name="Scale">How it is shown to a classifier.</param>
/// <param name="Value">The definition.</param>
public sealed record Observable(
    string Name,
    string Label,
    string Unit,
    double Minimum,
    double Maximum,
    bool IsInteger,
    ObservableGroup Group,
    FeatureScale Scale,
    Func<EventKinematics, double> Value)
{
    /// <summary>The observable as a classifier is shown it.</summary>
    public double Feature(EventKinematics e)
    {
        var x = Value(e);
        return Scale switch
        {
            FeatureScale.Logarithm => Math.Log(x < 0.01 ? 0.01 : x),
            FeatureScale.InverseSinh => Math.Asinh(x / 10),
            _ => x,
        };
    }
}

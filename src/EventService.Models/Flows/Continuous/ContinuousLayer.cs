using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;

namespace EventService.Models.Flows.Continuous;

/// <summary>
/// A continuous normalising flow as a layer: x follows dx/ds = v(x, s) from the base to the data (R. T. Q. Chen, Y. Rubanova, J.
/// Bettencourt and D. Duvenaud, "Neural ordinary differential equations", NeurIPS 2018, arXiv:1806.07366). From a normal base over one leg;
/// or from one data distribution to others, where the condition says how far.
/// </summary>
/// <remarks>
/// The density of an event costs, in double precision, for each midpoint step two evaluations of the network with D tangents and two for
/// each turn of the step's inversion; with adaptive steps six evaluations with D tangents a step. Sampling costs two evaluations a midpoint
/// step, in float32.
/// </remarks>
public sealed class ContinuousLayer : FlowLayer
{
    private readonly PathLeg[] _path;

    /// <summary>From the base over the one leg of the field.</summary>
    /// <param name="field">v.</param>
    /// <param name="method">How paths are computed.</param>
    /// <exception cref="ArgumentException">The field has several legs, or the method has a fault.</exception>
    public ContinuousLayer(VelocityField field, OdeMethod method)
        : this(field, method, null, 0, [new PathLeg(0, 0, 1)])
    {
        if (field.Legs != 1)
        {
            throw new ArgumentException($"The velocity field has {field.Legs} legs, expected 1 for a flow from noise, or anchors between which the legs are.", nameof(field));
        }
    }

    /// <summary>Between data distributions, to be told where by <see cref="At"/>.</summary>
    /// <param name="field">v; leg k leads from anchor k to anchor k + 1.</param>
    /// <param name="method">How paths are computed.</param>
    /// <param name="anchors">Values of the condition, as gates take it from -1 to 1, where the field was trained on data; rising.</param>
    /// <param name="origin">The anchor whose distribution the layers behind this one have.</param>
    /// <exception cref="ArgumentException">Anchors and legs do not fit, or the method has a fault.</exception>
    public ContinuousLayer(VelocityField field, OdeMethod method, IReadOnlyList<double> anchors, int origin)
        : this(field, method, [.. anchors], origin, [])
    {
        if (anchors.Count != field.Legs + 1 || origin < 0 || origin >= anchors.Count || anchors.Zip(anchors.Skip(1)).Any(pair => !(pair.First < pair.Second)) || anchors.Any(a => !(a is >= -1 and <= 1)))
        {
            throw new ArgumentException($"The anchors are {string.Join(", ", anchors)} with the origin at number {origin} for {field.Legs} legs, expected one more than legs, rising from -1 to 1, and one of them as origin.", nameof(anchors));
        }
    }

    private ContinuousLayer(VelocityField field, OdeMethod method, double[]? anchors, int origin, PathLeg[] path)
    {
        ArgumentNullException.ThrowIfNull(field);
        ArgumentNullException.ThrowIfNull(method);
        if (method.Fault() is { } fault)
        {
            throw new ArgumentException($"The method {fault}.", nameof(method));
        }

        (Field, Method, Anchors, Origin, _path) = (field, method, anchors, origin, path);
    }

    public VelocityField Field { get; }

    public OdeMethod Method { get; }

    /// <summary>Values of the condition where the field was trained on data; null for a flow from noise.</summary>
    public IReadOnlyList<double>? Anchors { get; }

    /// <summary>The anchor where paths start.</summary>
    public int Origin { get; }

    /// <summary>
    /// A flow from noise with the field's gates set; one between data with the path from the origin to where the condition is.
    /// </summary>
    public override FlowLayer At(ReadOnlySpan<double> condition) => Anchors is null
        ? new ContinuousLayer(Field.At(condition), Method)
        : Between(Anchors[Origin], condition[0]);

    /// <summary>The flow from the distribution at one value of the condition to that at another, in either direction.</summary>
    /// <param name="from">As gates take it, -1 to 1.</param>
    /// <param name="to">The same.</param>
    /// <exception cref="InvalidOperationException">This is a flow from noise.</exception>
    public ContinuousLayer Between(double from, double to)
    {
        var path = new PathLeg[Field.Legs];
        return new ContinuousLayer(Field, Method, (double[])(Anchors ?? throw new InvalidOperationException("A flow from noise has no anchors to go between.")), Origin, path[..Path(from, to, path)]);
    }

    /// <summary>Writes the legs of a path and gives their number.</summary>
    private int Path(double from, double to, Span<PathLeg> path)
    {
        var (anchors, legs) = ((double[])Anchors!, 0);
        for (var k = 0; k < Field.Legs; k++)
        {
            var leg = from <= to ? k : Field.Legs - 1 - k;
            double start = anchors[leg], end = anchors[leg + 1];
            var (first, last) = (Math.Clamp(from, start, end), Math.Clamp(to, start, end));
            if (first != last)
            {
                path[legs++] = new PathLeg(leg, (first - start) / (end - start), (last - start) / (end - start));
            }
        }

        return legs;
    }

    /// <remarks>With midpoint steps between data: the condition only says how far an event goes.</remarks>
    public override bool MixesConditions => Anchors is null ? !Field.Network.HasGates : Method is OdeMethod.Midpoint;

    public override void Forward(Span<double> x, Span<double> logDensity, FlowScratch scratch) => Forward(x, logDensity, [], scratch);

    public override void Forward(Span<double> x, Span<double> logDensity, ReadOnlySpan<double> conditions, FlowScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        if (Method is OdeMethod.Midpoint midpoint)
        {
            MidpointPath.Return(Field, Steps(midpoint.Steps, conditions, logDensity.Length, scratch), x, logDensity, scratch);
        }
        else
        {
            AdaptivePath.Return(Field, _path, ((OdeMethod.Adaptive)Method).Tolerance, x, logDensity, scratch);
        }
    }

    public override void Inverse(Span<float> y, int lanes, FlowScratch scratch) => Inverse(y, lanes, [], scratch);

    public override void Inverse(Span<float> y, int lanes, ReadOnlySpan<double> conditions, FlowScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        if (Method is OdeMethod.Midpoint midpoint)
        {
            MidpointPath.Follow(Field, Steps(midpoint.Steps, conditions, lanes, scratch), y, lanes, scratch);
        }
        else
        {
            AdaptivePath.Follow(Field, _path, ((OdeMethod.Adaptive)Method).Tolerance, y, lanes, scratch);
        }
    }

    /// <summary>The steps of each lane: along the path of its condition, or of the layer.</summary>
    private MidpointSteps Steps(int stepsOfALeg, ReadOnlySpan<double> conditions, int lanes, FlowScratch scratch)
    {
        var steps = scratch.Steps;
        steps.Clear();
        Span<PathLeg> own = stackalloc PathLeg[Field.Legs];
        for (var i = 0; i < lanes; i++)
        {
            steps.Add(Anchors is null || conditions.IsEmpty ? _path : own[..Path(Anchors[Origin], conditions[i], own)], stepsOfALeg);
        }

        steps.Sort();
        return steps;
    }
}

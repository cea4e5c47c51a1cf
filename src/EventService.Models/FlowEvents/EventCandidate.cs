using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Physics.Kinematics;
using EventService.Physics.Selection;

namespace EventService.Models.FlowEvents;

/// <summary>An event as flows have drawn it, before anybody asked whether it is one.</summary>
public sealed class EventCandidate
{
    private readonly ObjectList _objects = new();
    private readonly EventSample _sample = new();

    /// <summary>Missing transverse momentum [GeV] and its azimuth [rad].</summary>
    public (double Pt, double Phi) Met { get; set; }

    public void Clear() => _objects.Clear();

    /// <summary>Adds an object; energy and momentum need not fit each other. Returns the energy that it has [GeV].</summary>
    public double Add(ObjectType type, double energy, double pt, double eta, double phi)
    {
        // Momenta as they are written; a flow that draws energy and momentum apart can draw an energy below the momentum: such a jet is
        // massless.
        float writtenPt = (float)pt, writtenEta = (float)eta;
        var p = Energy.OfPtEtaMass(writtenPt, writtenEta, 0);
        var mass = DarkMachinesSchema.HasMass(type) && energy > p ? (float)Math.Sqrt((energy - p) * (energy + p)) : 0;
        var written = (float)Energy.OfPtEtaMass(writtenPt, writtenEta, mass);
        _objects.Add(type, written, writtenPt, writtenEta, (float)Wrapped(phi), mass);
        return written;
    }

    /// <summary>
    /// Appends the event to a sample if it is valid: finite numbers, objects within their cuts, one that selects the event.
    /// </summary>
    public bool TryAppendTo(EventSample sample, long index, double weight)
    {
        ArgumentNullException.ThrowIfNull(sample);
        _sample.Clear();
        Append(_sample, index, weight);
        if (!(Met.Pt >= 0) || ValidityFilter.NotFinite(_sample, 0) is not null || !EventSelection.Passes(_sample, 0))
        {
            return false;
        }

        Append(sample, index, weight);
        return true;
    }

    private void Append(EventSample sample, long index, double weight)
    {
        sample.AddEvent(index, (float)weight, (float)Met.Pt, (float)Wrapped(Met.Phi));
        _objects.AppendTo(sample);
    }

    /// <summary>The same direction between -pi and pi.</summary>
    private static double Wrapped(double phi)
    {
        var (sin, cos) = SinCos.Of(phi);
        return Atan2.Of(sin, cos);
    }
}

namespace EventService.Physics.Selection;

/// <summary>A region of transverse momentum [GeV] and pseudorapidity: pT above a bound, |eta| below another and outside a gap.</summary>
/// <param name="Name">The objects that pass, such as "electron with pT > 25 GeV", for messages and reports.</param>
/// <param name="MinimumPt">Exclusive.</param>
/// <param name="MaximumAbsEta">Exclusive.</param>
/// <param name="GapFrom">Start of the gap in |eta|; its two ends still pass.</param>
/// <param name="GapTo">End of the gap.</param>
public sealed record KinematicCut(string Name, double MinimumPt, double MaximumAbsEta, double GapFrom = 0, double GapTo = 0)
{
    /// <summary>False for NaN.</summary>
    public bool Passes(double pt, double eta)
    {
        var absEta = Math.Abs(eta);
        return pt > MinimumPt && absEta < MaximumAbsEta && !(absEta > GapFrom && absEta < GapTo);
    }
}

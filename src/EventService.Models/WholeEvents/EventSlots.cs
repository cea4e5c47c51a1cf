using EventService.Physics.Events;

namespace EventService.Models.WholeEvents;

/// <summary>
/// The places of an event in the order in which the flow goes through them: each object of each type by falling pT, then
/// the missing momentum. Places of one class share an input layer; the last class of a type holds all further objects.
/// </summary>
public enum SlotClass
{
    BJet1, BJet2, BJet3,
    Jet1, Jet2, Jet3, Jet4, Jet5, Jet6, Jet7, Jet8,
    Electron1, Electron2,
    Muon1, Muon2,
    Photon1, Photon2,
    Met,
}

/// <summary>Slot classes that share hidden layers. Electrons and muons come from the same decays.</summary>
public enum SlotGroup { BJet, Jet, Lepton, Photon, Met }

/// <summary>Static facts about slots.</summary>
public static class EventSlots
{
    public const int ClassCount = (int)SlotClass.Met + 1;
    public const int GroupCount = (int)SlotGroup.Met + 1;
    public const int TypeCount = (int)ObjectType.Photon + 1;

    /// <summary>
    /// Earlier objects that a network sees one by one: three b-jets, six jets, the leading lepton of each flavour and charge, one
    /// photon. Later ones enter through the sums over all objects.
    /// </summary>
    public const int PositionCount = 14;

    private static readonly SlotClass[] s_first =
        [SlotClass.BJet1, SlotClass.Jet1, SlotClass.Electron1, SlotClass.Electron1, SlotClass.Muon1, SlotClass.Muon1, SlotClass.Photon1];

    private static readonly int[] s_classes = [3, 8, 2, 2, 2, 2, 2];
    private static readonly int[] s_firstPosition = [0, 3, 9, 10, 11, 12, 13];
    private static readonly int[] s_positions = [3, 6, 1, 1, 1, 1, 1];

    /// <summary>Positions that can be taken before an object of the class is drawn.</summary>
    private static readonly int[] s_seenPositions = [0, 1, 3, 3, 4, 5, 6, 7, 8, 9, 9, 10, 11, 12, 13, 13, 14, 14];

    public static SlotClass ClassOf(ObjectType type, int index) =>
        s_first[(int)type] + Math.Min(index, s_classes[(int)type] - 1);

    public static SlotGroup GroupOf(SlotClass slot) => slot switch
    {
        <= SlotClass.BJet3 => SlotGroup.BJet,
        <= SlotClass.Jet8 => SlotGroup.Jet,
        <= SlotClass.Muon2 => SlotGroup.Lepton,
        <= SlotClass.Photon2 => SlotGroup.Photon,
        _ => SlotGroup.Met,
    };

    /// <summary>Position of an object among those seen one by one, or -1.</summary>
    public static int PositionOf(ObjectType type, int index) =>
        index < s_positions[(int)type] ? s_firstPosition[(int)type] + index : -1;

    public static int SeenPositions(SlotClass slot) => s_seenPositions[(int)slot];

    /// <summary>True for the slots of jets and b-jets, which have a mass.</summary>
    public static bool HasMass(SlotClass slot) => slot <= SlotClass.Jet8;

    /// <summary>True where the object's pT has no upper neighbour of its type.</summary>
    public static bool IsLeading(SlotClass slot) =>
        slot is SlotClass.BJet1 or SlotClass.Jet1 or SlotClass.Electron1 or SlotClass.Muon1 or SlotClass.Photon1;

    /// <summary>Electric charge in units of e; zero for jets and photons.</summary>
    public static int ChargeOf(ObjectType type) => type switch
    {
        ObjectType.ElectronMinus or ObjectType.MuonMinus => -1,
        ObjectType.ElectronPlus or ObjectType.MuonPlus => 1,
        _ => 0,
    };
}

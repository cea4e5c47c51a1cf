namespace EventService.Architecture.Tests;

/// <summary>The arrows between projects and between the namespaces inside each of them: they point one way.</summary>
public sealed class LayeringTests
{
    /// <summary>What each project may refer to; the README draws it.</summary>
    private static readonly Dictionary<string, string[]> s_arrows = new()
    {
        ["EventService.Numerics"] = [],
        ["EventService.Engine"] = ["EventService.Numerics"],
        ["EventService.Physics"] = ["EventService.Numerics"],
        ["EventService.Models"] = ["EventService.Engine", "EventService.Numerics", "EventService.Physics"],
        ["EventService.Generation"] = ["EventService.Engine", "EventService.Models", "EventService.Numerics", "EventService.Physics"],
        ["EventService.Training"] = ["EventService.Engine", "EventService.Models", "EventService.Numerics", "EventService.Physics"],
        ["EventService.Evaluation"] = ["EventService.Engine", "EventService.Models", "EventService.Numerics", "EventService.Physics"],
        ["EventService.Contracts"] = [],
        ["EventService.Client"] = ["EventService.Contracts"],
        ["EventService.Registry"] =
            ["EventService.Engine", "EventService.Generation", "EventService.Models", "EventService.Numerics", "EventService.Physics"],
        ["EventService.Server"] =
        [
            "EventService.Contracts", "EventService.Engine", "EventService.Generation", "EventService.Models", "EventService.Numerics",
            "EventService.Physics", "EventService.Registry",
        ],
        ["eventservice"] =
        [
            "EventService.Client", "EventService.Engine", "EventService.Evaluation", "EventService.Generation", "EventService.Contracts", "EventService.Models",
            "EventService.Numerics", "EventService.Physics", "EventService.Registry", "EventService.Training",
        ],
    };

    public static TheoryData<string> Projects => [.. s_arrows.Keys];

    [Theory, MemberData(nameof(Projects))]
    public void Project_RefersOnlyToThoseBelowIt(string project)
    {
        var house = Read(project).Assemblies.Where(name => s_arrows.ContainsKey(name) || name.StartsWith("EventService", StringComparison.Ordinal));
        Assert.Empty(house.Except(s_arrows[project]));
    }

    [Theory, MemberData(nameof(Projects))]
    public void NamespacesOfAProject_AreInNoCircle(string project)
    {
        var inside = Read(project).Found
            .Where(use => IsOf(use.From, project) && IsOf(use.To, project))
            .Select(use => (From: Namespace(use.From), To: Namespace(use.To), Use: $"{Name(use.From)} uses {Name(use.To)}"))
            .Where(use => use.From != use.To)
            .ToLookup(use => use.From);

        // A use is part of a circle if its start can be reached from its end.
        var circles = inside.SelectMany(uses => uses)
            .Where(use => Reachable(use.To, inside).Contains(use.From))
            .Select(use => $"{use.From} -> {use.To}: {use.Use}");
        Assert.Equal([], circles.Order());
    }

    [Fact]
    public void Circle_BetweenTwoNamespaces_IsFound()
    {
        // This assembly has one of its own making.
        var uses = new CodeReferences(typeof(LayeringTests).Assembly.Location).Found;
        Assert.Contains(("EventService.Architecture.Tests.Circle.First", "EventService.Architecture.Tests.Circle.Other.Second"), uses);
        Assert.Contains(("EventService.Architecture.Tests.Circle.Other.Second", "EventService.Architecture.Tests.Circle.First"), uses);
    }

    [Fact]
    public void EveryProjectUnderSrc_HasItsArrows()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "EventService.sln")))
        {
            root = Path.GetDirectoryName(root)!;
        }

        var projects = Directory.EnumerateDirectories(Path.Combine(root, "src")).Select(folder => Path.GetFileName(folder)!)
            .Select(name => name == "EventService.Cli" ? "eventservice" : name);
        Assert.Equal(projects.Order(StringComparer.Ordinal), s_arrows.Keys.Order(StringComparer.Ordinal));
    }

    private static CodeReferences Read(string project) => new(Path.Combine(AppContext.BaseDirectory, $"{project}.dll"));

    private static bool IsOf(string type, string project)
    {
        var root = project == "eventservice" ? "EventService.Cli" : project;
        return type.StartsWith(root + ".", StringComparison.Ordinal);
    }

    private static HashSet<string> Reachable(string from, ILookup<string, (string From, string To, string Use)> uses)
    {
        HashSet<string> seen = [from];
        Stack<string> open = new(seen);
        while (open.TryPop(out var next))
        {
            foreach (var use in uses[next])
            {
                if (seen.Add(use.To))
                {
                    open.Push(use.To);
                }
            }
        }

        return seen;
    }

    private static string Namespace(string type) => type[..type.LastIndexOf('.')];

    private static string Name(string type) => type[(type.LastIndexOf('.') + 1)..];
}

using System.Security.Claims;

using EventService.Registry.Keys;
using EventService.Server.Problems;
using EventService.Server.Settings;
using EventService.Server.Tokens;

namespace EventService.FunctionalTests.Tokens;

public sealed class TokenSettingsTests
{
    private static readonly JwtSettings s_complete = new()
    {
        Authority = "https://login.institute.example/realms/physics",
        Audience = "eventservice",
        Scopes = [new() { Claim = "groups", Value = "physics", Scope = "generate" }, new() { Claim = "scp", Value = "r", Scope = "read" }],
    };

    public static TheoryData<JwtSettings, string> Incomplete { get; } = new()
    {
        { s_complete with { Authority = "http://login.example" }, "Jwt:Authority is 'http://login.example', expected the https address" },
        { s_complete with { Authority = "login.example" }, "Jwt:Authority is 'login.example', expected the https address" },
        { s_complete with { Audience = "" }, "Jwt:Audience is missing" },
        { s_complete with { Scopes = [] }, "Jwt:Scopes is empty" },
        {
            s_complete with { Scopes = [new() { Claim = "groups", Value = "a", Scope = "write" }] },
            "Jwt:Scopes has an entry with claim 'groups', value 'a' and scope 'write'"
        },
        {
            s_complete with { Scopes = [new() { Claim = "groups", Scope = "read" }] },
            "Jwt:Scopes has an entry with claim 'groups', value '' and scope 'read'"
        },
        { s_complete with { ClockSkewSeconds = -1 }, "Jwt:ClockSkewSeconds is -1" },
        { s_complete with { EventsPerSecond = 0 }, "Jwt:ClockSkewSeconds is 60, expected 0 to 3600; EventsPerSecond is 0" },
    };

    [Theory]
    [MemberData(nameof(Incomplete))]
    public void Settings_ThatWouldTakeNothingOrTooMuch_StopTheStart(JwtSettings settings, string sentence) =>
        Assert.StartsWith(sentence, Assert.Throws<InvalidOperationException>(settings.RequireComplete).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("https://login.institute.example/realms/physics", false)]
    [InlineData("http://127.0.0.1:9000", true)]
    [InlineData("http://localhost:9000", true)]
    [InlineData("http://[::1]:9000", true)]
    public void Settings_AuthorityInClearText_IsTakenOnThisMachineOnly(string authority, bool loopback)
    {
        var settings = s_complete with { Authority = authority };
        settings.RequireComplete();
        Assert.Equal(loopback, settings.IsLoopback);
    }

    [Fact]
    public void Caller_OfClaims_HasTheIssuersNameAndTheScopesOfTheMap()
    {
        var settings = s_complete with { EventsPerSecond = 5, ConcurrentRequests = 2 };
        Claim[] claims =
        [
            new("sub", "17"), new("preferred_username", "alice"), new("groups", "other"), new("groups", "physics"), new("scp", "w r"),
        ];
        var caller = TokenCaller.Of(claims, "https://issuer", settings);
        Assert.Equal(("https://issuer#alice", null, new KeyQuota(5, 2)), (caller.Name, caller.KeyId, caller.Quota));
        Assert.Equal("https://issuer#alice", caller.Account);
        Assert.Equal(["read", "generate"], caller.Scopes);
    }

    [Theory]
    [InlineData("", "sub=17", "https://issuer#17")]
    [InlineData("", "sub=17;preferred_username=", "https://issuer#17")]
    [InlineData("email", "sub=17;preferred_username=alice;email=a@b", "https://issuer#a@b")]
    [InlineData("sub", "sub=17;preferred_username=alice", "https://issuer#17")]
    public void Caller_Name_IsThatOfTheClaimOfTheSettings(string claim, string claims, string expected)
    {
        var given = claims.Split(';').Select(c => c.Split('=')).Select(c => new Claim(c[0], c[1]));
        var caller = TokenCaller.Of(given, "https://issuer", s_complete with { NameClaim = claim });
        Assert.Equal((expected, 0), (caller.Name, caller.Scopes.Count));
    }

    [Theory]
    [InlineData("groups", "sub", "17", "The token names nobody: it has no claim 'groups'.")]
    [InlineData("", "email", "a@b", "The token names nobody: it has no claim 'preferred_username' or 'sub'.")]
    [InlineData("", "sub", "a\nb", "The token's name of its bearer has 3 characters, expected at most 200, all of them visible.")]
    public void Caller_WithoutAUsableName_Is401(string claim, string type, string value, string sentence)
    {
        var settings = s_complete with { NameClaim = claim };
        var refused = Assert.Throws<ProblemException>(() => TokenCaller.Of([new(type, value)], "https://issuer", settings));
        Assert.Equal((401, sentence), (refused.Status, refused.Message));
    }
}

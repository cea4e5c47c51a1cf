using EventService.Training.Families;
using EventService.Training.Recipes;
using EventService.Training.Tables;

namespace EventService.Training.TableFlows;

/// <summary>How a flow is trained on a table.</summary>
public sealed record TableFlowRecipe : TableRecipe
{
    public required FlowFamily Architecture { get; init; }

    /// <summary>How the trained flow is refined; null where it is not.</summary>
    public RefinementRecipe? Refinement { get; init; }

    public override void Check()
    {
        base.Check();
        RecipeJson.Require(
            Data.Inequalities is null || Architecture is not FlowMatching { Source: { Flow: null } },
            "data.inequalities are of flows whose draws can be drawn again, but the source is the sample; expected a source with a flow");
        var fault = Architecture.Fault(Data.Columns.Count);
        RecipeJson.Require(fault is null, $"architecture: {fault?.TrimEnd('.')}");
        RecipeJson.Require(
            !Data.Morph || Architecture is LikelihoodFamily,
            $"data.morph is of flows that are trained by likelihood, but architecture.family is '{Architecture.FamilyName}'");
        RecipeJson.Require(Refinement?.Fault() is null, $"refinement: {Refinement?.Fault()}");
        RecipeJson.Require(
            Refinement is null || Data.Conditions.Count == 0,
            "a flow with data.conditions has a refinement, whose acceptance would depend on them; expected one of them");
    }
}

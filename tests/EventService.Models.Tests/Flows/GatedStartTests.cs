using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Generation.Requests;
using EventService.Training.Catalog;
using EventService.Training.Families;
using EventService.Training.Layers;
using EventService.Training.TableFlows;

namespace EventService.Models.Tests.Flows;

/// <summary>The start of a training of a conditional flow.</summary>
public class GatedStartTests
{
    [Theory]
    [InlineData("\"family\": \"maf\", \"layers\": 2, \"norm\": \"None\"")]
    [InlineData("\"family\": \"a-rqs\", \"layers\": 2, \"bins\": 4")]
    public void Start_WithTheActivationOfRecipesByDefault_LetsTheFirstColumnLearnTheCondition(string family)
    {
        // A rectifier has no gradient at zero: units that see no feature must not begin there.
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(System.Text.Encoding.UTF8.GetBytes($$"""
            {
              "name": "n", "process": "p", "crossSectionPb": 1,
              "data": { "maps": [], "columns": [{ "name": "x", "unit": "1" }], "conditions": [{ "name": "c", "unit": "1" }] },
              "architecture": { {{family}}, "network": { "width": 16, "blocks": 1 } }, "training": { "epochs": 1, "learningRate": 0.1 }
            }
            """));
        var flow = new TrainableFlow((LikelihoodFamily)recipe.Architecture, 1, seed: 3, conditions: 1);
        var tape = new Tape(flow.Parameters);
        var (events, condition) = (new Tensor(1, 8), new Tensor(1, 8));
        for (var i = 0; i < 8; i++)
        {
            (events[0, i], condition[0, i]) = ((i - 3) / 4f, (i - 4) / 4f);
        }

        flow.Forward(new FlowPass(tape, 1, training: true) { Condition = Tape.Constant(condition) }, events);
        tape.Backward();

        Assert.Contains(flow.Parameters.Parameters, p => p.Name.Contains(".gate.", StringComparison.Ordinal) && tape[p].Gradient!.Span.ToArray().Any(g => Math.Abs(g) > 1e-6));
    }
}

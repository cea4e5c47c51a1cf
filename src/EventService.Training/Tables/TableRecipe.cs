using System.Security.Cryptography;
using System.Text.Json.Serialization;

using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Observables;
using EventService.Training.Recipes;

namespace EventService.Training.Tables;

/// <summary>How a model of a table is trained: the recipe of a family adds its architecture.</summary>
public abstract record TableRecipe : Recipe
{
    /// <summary>Share of the events that pass the selection; of a recipe with points they have it.</summary>
    public double SelectionEfficiency { get; init; } = 1;

    public required TableData Data { get; init; }

    /// <summary>What is written to model files as their schema.</summary>
    [JsonIgnore]
    public SampleSchema Schema => new([.. Data.Columns.Select(c => new ColumnSchema(c.Name, c.Unit, c.Description))], []);

    [JsonIgnore]
    public override SampleSchema? Columns => Schema;

    [JsonIgnore]
    public override IReadOnlyList<(string Name, string Unit)> Parameters => [.. Data.Conditions.Select(c => (c.Name, c.Unit))];

    [JsonIgnore]
    public override bool HasPoints => Data.Points.Count > 0;

    /// <summary>Whether its columns are observables of whole collision events, and its files Dark Machines text.</summary>
    [JsonIgnore]
    public bool TakesWholeEvents => Data.Columns.Any(c => c.Observable is not null);

    public override TrainingData Read(string path)
    {
        if (HasPoints)
        {
            return PointTable.Read(this, path);
        }

        using var stream = File.OpenRead(path);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(stream));
        return new TrainingData(ReadTable(File.OpenRead(path), Path.GetFileName(path)), sha256);
    }

    public override IReadOnlyList<ConditionPoint> PointsOf(TrainingData data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return ConditionPoints.Of(data.Sample, this);
    }

    /// <summary>Reads the events of a table.</summary>
    /// <exception cref="DataFormatException">The table has other columns, or faults.</exception>
    public EventSample ReadTable(Stream stream, string name) => Read(stream, name, [.. Data.Columns, .. Data.Conditions]);

    /// <summary>Reads the columns that are learnt, without conditions.</summary>
    /// <exception cref="DataFormatException">The table has other columns, or faults.</exception>
    internal EventSample ReadColumns(Stream stream, string name) => Read(stream, name, [.. Data.Columns]);

    public override void Check()
    {
        base.Check();
        RecipeJson.Require(
            HasPoints || (double.IsFinite(CrossSectionPb) && CrossSectionPb >= 0),
            $"crossSectionPb is {CrossSectionPb}, expected a number of at least 0");
        RecipeJson.Require(SelectionEfficiency is >= 0 and <= 1, $"selectionEfficiency is {SelectionEfficiency}, expected 0 to 1");
        RecipeJson.Require(Data.Columns.Count > 0, "data.columns is empty, expected the columns to learn");
        foreach (var column in Data.Columns.Concat(Data.Conditions))
        {
            RecipeJson.RequireColumnName(column.Name);
            RecipeJson.Require(Data.Columns.Concat(Data.Conditions).Count(c => c.Name == column.Name) == 1, $"the column '{column.Name}' is there twice");
            RecipeJson.Require(column.Fault() is null, $"column '{column.Name}' {column.Fault()}");
            RecipeJson.Require((column.Maps ?? Data.Maps).Skip(1).All(m => m is not MapRecipe.Dequantise), $"column '{column.Name}' has dequantise after another map, expected it first");
            RecipeJson.Require(Data.Conditions.Count == 1 || !(column.Maps ?? Data.Maps).Any(m => m is MapRecipe.Align), $"column '{column.Name}' has align, which goes by one of data.conditions, but there are {Data.Conditions.Count}");
        }

        CheckPoints();
        RecipeJson.Require(Data.Columns.All(c => c.Alternative is null), "data.columns have an alternative, which only data.conditions have");
        RecipeJson.RequireAlternatives([.. Data.Conditions.Select(c => (c.Name, c.Alternative))], Data.Columns.Select(c => c.Name));
        RecipeJson.Require(Data.Conditions.All(c => c.Maps is null), "data.conditions have maps, but conditions are always scaled to -1 to 1");
        CheckSymmetries();
        CheckInequalities();
        RecipeJson.Require(
            !Data.Morph || Data.Conditions.Count == 1,
            $"data.morph is of flows that are trained by likelihood, under one condition, but there are {Data.Conditions.Count}");
        RecipeJson.Require(Training.Dropout == 0, "training has a dropout, which only object flows have");
    }

    private EventSample Read(Stream stream, string name, ColumnRecipe[] columns)
    {
        string[] sources = [.. columns.SelectMany(c => c.Sources).Distinct()];
        int[][] places = [.. columns.Select(c => c.Sources.Select(s => Array.IndexOf(sources, s)).ToArray())];
        var table = CsvTableReader.ReadAll(stream, name, sources, Data.Select);
        var sample = new EventSample(columns.Length) { ProcessName = Process };
        var row = new double[columns.Length];
        for (var k = 0; k < table.Count; k++)
        {
            for (var c = 0; c < row.Length; c++)
            {
                row[c] = columns[c].ValueOf(table.Row(k), places[c]);
            }

            sample.AddRow(table.EventNumber[k], row);
        }

        return sample;
    }

    private void CheckInequalities()
    {
        if (Data.Inequalities is not { } inequalities)
        {
            return;
        }

        RecipeJson.Require(inequalities.Count > 0 && Data.Conditions.Count < 2, $"data.inequalities are {inequalities.Count} under {Data.Conditions.Count} conditions, expected at least one, and one condition at most: the share of draws that they keep is measured along it");
        foreach (var inequality in inequalities)
        {
            var fault = inequality.Fault([.. Data.Columns.Select(c => c.Name)]);
            RecipeJson.Require(fault is null, $"data.inequalities: '{inequality.Meaning}' {fault}");
            var turned = inequality.Columns.FirstOrDefault(c => Data.SymmetryOf(c) == ColumnSymmetry.Rotation);
            RecipeJson.Require(turned is null, $"data.inequalities: '{inequality.Meaning}' is about '{turned}', which data.rotate turns by any angle");
        }
    }

    private void CheckSymmetries()
    {
        foreach (var (field, names) in new[] { ("mirror", Data.Mirror), ("reflect", Data.Reflect ?? []), ("rotate", Data.Rotate ?? []) })
        {
            foreach (var name in names)
            {
                var column = Data.Columns.FirstOrDefault(c => c.Name == name);
                RecipeJson.Require(column is not null, $"data.{field} names '{name}', which is no column");
                RecipeJson.Require(Data.Mirror.Concat(Data.Reflect ?? []).Concat(Data.Rotate ?? []).Count(n => n == name) == 1, $"'{name}' is twice in data.mirror, data.reflect and data.rotate, expected once in all of them");
                RecipeJson.Require(field != "reflect" || column!.DeltaPhi is not null, $"data.reflect names '{name}', which is no difference of azimuths, expected columns with deltaPhi");
                RecipeJson.Require(field != "rotate" || !(column!.Maps ?? Data.Maps).Any(m => m is MapRecipe.Align or MapRecipe.Dequantise), $"data.rotate names '{name}', which has the map align or dequantise, but a column that is turned is the same everywhere and continuous");
            }
        }
    }

    private void CheckPoints()
    {
        if (Data.Points.Count == 0)
        {
            RecipeJson.Require(!TakesWholeEvents && Data.Require.Count == 0 && Data.Constraints.Count == 0, "there are observables, data.require or data.constraints, but no data.points: these say which files the events are in");
            return;
        }

        RecipeJson.Require(Data.Conditions.Count > 0, "data.points are there but no data.conditions, expected the parameters whose values the points have");
        RecipeJson.Require(Data.Conditions.All(c => c.Source is null && c.DeltaPhi is null && c.PairMass is null && c.Observable is null), "data.conditions have a source, but their values are those of data.points");
        RecipeJson.Require(Data.Columns.All(c => (c.Observable is not null) == TakesWholeEvents), "some columns are observables and some are not, expected all or none");
        RecipeJson.Require(!TakesWholeEvents || Data.Select.Count == 0, "data.select is of tables; events without an observable are left out by data.require");
        foreach (var name in Data.Require.Concat(Data.Columns.Select(c => c.Observable).OfType<string>()))
        {
            RecipeJson.Require(JetObservables.Find(name) is not null, $"the observable '{name}' is not known. Known: {string.Join(", ", JetObservables.All.Concat(EventObservables.All).Select(o => o.Name))}");
        }

        PointRecipe.Check(Data.Points, Data.Constraints, [.. Data.Conditions.Select(c => (c.Name, c.Unit, c.Description))]);
    }
}

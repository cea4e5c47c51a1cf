using EventService.Engine.Random;
using EventService.Models.Columns;
using EventService.Models.Sampling;
using EventService.Models.Tables;
using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Models.GaussianMixture;

/// <summary>
/// A mixture of Gaussians with full covariances over the columns t after their maps: q(t) = sum_k w_k N(t; mu_k, L_k L_k^T)
/// (C. M. Bishop, "Pattern Recognition and Machine Learning", Springer 2006, eq. 9.7). It is the smallest family of tables here, and the
/// example of docs/adding-an-architecture.md.
/// </summary>
/// <remarks>
/// The latents of an event are D standard normal numbers z and the number k of its component: t = mu_k + L_k z. They take two words of the
/// stream each.
/// </remarks>
public sealed class GaussianMixture : TableLikelihoodModel
{
    /// <summary>Name in model files.</summary>
    public const string ArchitectureName = "gaussian-mixture";

    private const int Density = TableLanes.Density;
    private const int Sampling = TableLanes.Sampling;

    private readonly MixtureComponents _components;
    private readonly double[] _cumulative;

    /// <param name="schema">Scalar columns only.</param>
    /// <param name="columns">Their maps.</param>
    /// <param name="components">The components of as many columns.</param>
    /// <param name="digest">sha256 of the model file: part of the key of the random numbers.</param>
    /// <exception cref="ArgumentException">The numbers of columns differ.</exception>
    public GaussianMixture(SampleSchema schema, IReadOnlyList<ColumnPreprocessing> columns, MixtureComponents components, ReadOnlyMemory<byte> digest)
        : base(schema, columns, (columns ?? throw new ArgumentNullException(nameof(columns))).Count + 1, digest)
    {
        ArgumentNullException.ThrowIfNull(components);
        if (components.Features != columns.Count)
        {
            throw new ArgumentException($"The components have {components.Features} columns for {columns.Count}, expected as many.", nameof(components));
        }

        (_components, _cumulative) = (components, new double[components.Count]);
        var sum = 0.0;
        for (var k = 0; k < components.Count; k++)
        {
            _cumulative[k] = sum += components.Weights[k];
        }
    }

    public MixtureComponents Components => _components;

    protected override void DrawLatents(ref PhiloxStream random, Span<float> z, int lane)
    {
        var u = random.NextDouble() * _cumulative[^1];
        var k = 0;
        while (k < _cumulative.Length - 1 && u >= _cumulative[k])
        {
            k++;
        }

        z[(Features * Sampling) + lane] = k;
        for (var f = 0; f < Features; f++)
        {
            z[(f * Sampling) + lane] = (float)NormalQuantile.Of(random.NextDouble());
        }
    }

    protected override void ToColumns(TableWorkspace work, int lanes)
    {
        ArgumentNullException.ThrowIfNull(work);
        var z = work.Z;
        for (var i = 0; i < lanes; i++)
        {
            var k = (int)z[(Features * Sampling) + i];

            // From the last column to the first: L is triangular, so that columns take the place of latents that no later one needs.
            for (var f = Features - 1; f >= 0; f--)
            {
                var t = _components.Mean(k, f);
                for (var g = 0; g <= f; g++)
                {
                    t = Math.FusedMultiplyAdd(_components.Factor(k, f, g), z[(g * Sampling) + i], t);
                }

                z[(f * Sampling) + i] = (float)t;
            }
        }
    }

    protected override void AddLogDensity(TableWorkspace work, Span<double> logDensity)
    {
        ArgumentNullException.ThrowIfNull(work);
        Span<double> t = stackalloc double[Features], z = stackalloc double[Features], logs = stackalloc double[_components.Count];
        for (var i = 0; i < logDensity.Length; i++)
        {
            for (var f = 0; f < t.Length; f++)
            {
                t[f] = work.X[(f * Density) + i];
            }

            for (var k = 0; k < logs.Length; k++)
            {
                logs[k] = _components.LogWeighted(k, t, z);
            }

            logDensity[i] += MixtureComponents.ToShares(logs);
        }
    }
}

using System.Numerics;

using EventService.Engine.Autodiff;
using EventService.Engine.Kernels;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;

namespace EventService.Models.Flows.Networks;

/// <summary>Activation functions of conditioner networks, each with the constants that PyTorch has by default.</summary>
public enum FlowActivation
{
    Relu,

    /// <summary>Slope 0.01 below zero.</summary>
    LeakyRelu,

    /// <summary>alpha = 1.</summary>
    Elu,

    /// <summary>The tanh form.</summary>
    GeluTanh,
    Tanh,
    Sigmoid,
    Softplus,
}

internal static class FlowActivations
{
    private static readonly ElementwiseKernel s_leakyRelu = ElementwiseKernel.LeakyRelu(0.01f);
    private static readonly ElementwiseKernel s_elu = ElementwiseKernel.Elu(1);

    /// <summary>y = f(x). y may be x.</summary>
    public static void Apply(this FlowActivation activation, ReadOnlySpan<float> x, Span<float> y)
    {
        var kernel = activation switch
        {
            FlowActivation.Relu => ElementwiseKernel.Relu,
            FlowActivation.LeakyRelu => s_leakyRelu,
            FlowActivation.Elu => s_elu,
            FlowActivation.GeluTanh => ElementwiseKernel.Gelu,
            FlowActivation.Tanh => ElementwiseKernel.Tanh,
            FlowActivation.Sigmoid => ElementwiseKernel.Sigmoid,
            _ => ElementwiseKernel.Softplus,
        };
        kernel.Forward(x, y);
    }

    /// <summary>y = f(x) on a tape.</summary>
    public static Variable Apply(this FlowActivation activation, Tape tape, Variable x) => activation switch
    {
        FlowActivation.Relu => Elementwise.Relu(tape, x),
        FlowActivation.LeakyRelu => Elementwise.LeakyRelu(tape, x),
        FlowActivation.Elu => Elementwise.Elu(tape, x),
        FlowActivation.GeluTanh => Elementwise.Gelu(tape, x),
        FlowActivation.Tanh => Elementwise.Tanh(tape, x),
        FlowActivation.Sigmoid => Elementwise.Sigmoid(tape, x),
        _ => Elementwise.Softplus(tape, x),
    };

    /// <summary>y = f(x) in double precision. y may be x.</summary>
    public static void Apply(this FlowActivation activation, ReadOnlySpan<double> x, Span<double> y)
    {
        if (activation == FlowActivation.Relu)
        {
            var done = 0;
            for (; done + Vector<double>.Count <= x.Length; done += Vector<double>.Count)
            {
                var v = new Vector<double>(x[done..]);
                Vector.ConditionalSelect(Vector.GreaterThan(v, Vector<double>.Zero), v, Vector<double>.Zero).CopyTo(y[done..]);
            }

            for (; done < x.Length; done++)
            {
                y[done] = x[done] > 0 ? x[done] : 0;
            }

            return;
        }

        if (activation == FlowActivation.GeluTanh)
        {
            DoubleGelu.Apply(x, y, []);
            return;
        }

        for (var i = 0; i < x.Length; i++)
        {
            y[i] = activation switch
            {
                FlowActivation.LeakyRelu => x[i] > 0 ? x[i] : 0.01 * x[i],
                FlowActivation.Elu => Elu.Of(x[i]),
                FlowActivation.Tanh => Tanh.Of(x[i]),
                FlowActivation.Sigmoid => Sigmoid.Of(x[i]),
                _ => Softplus.Of(x[i]),
            };
        }
    }

    /// <summary>y = f(x) and its derivative in double precision; at a kink the derivative from below.</summary>
    public static void ApplyWithSlope(this FlowActivation activation, ReadOnlySpan<double> x, Span<double> y, Span<double> slope)
    {
        if (activation == FlowActivation.GeluTanh)
        {
            DoubleGelu.Apply(x, y, slope);
            return;
        }

        activation.Apply(x, y);
        activation.Slope(x, slope);
    }

    private static void Slope(this FlowActivation activation, ReadOnlySpan<double> x, Span<double> y)
    {
        for (var i = 0; i < x.Length; i++)
        {
            y[i] = activation switch
            {
                FlowActivation.Relu => x[i] > 0 ? 1 : 0,
                FlowActivation.LeakyRelu => x[i] > 0 ? 1 : 0.01,
                FlowActivation.Elu => Elu.Derivative(x[i]),
                FlowActivation.Tanh => OneMinusSquare(Tanh.Of(x[i])),
                FlowActivation.Sigmoid => Sigmoid.Of(x[i]) * Sigmoid.Of(-x[i]),
                _ => Sigmoid.Of(x[i]),
            };
        }
    }

    private static double OneMinusSquare(double t) => (1 - t) * (1 + t);
}

using Espalier.Engine.Autograd;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;
using Espalier.Engine.Models;

namespace Espalier.Engine.Optimizers;

/// <summary>Settings of <see cref="AdamW"/>; the defaults are the paper's.</summary>
public sealed record AdamWConfiguration
{
    /// <summary>Decay of the mean of gradients.</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>Decay of the mean of squared gradients.</summary>
    public float Beta2 { get; init; } = 0.98f;

    /// <summary>Added to the root of that mean.</summary>
    public float Epsilon { get; init; } = 1e-6f;

    /// <summary>Decoupled weight decay, on matrices and embeddings.</summary>
    public float WeightDecay { get; init; } = 0.01f;

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        faults.Unless(Beta1 is >= 0 and < 1, $"Beta1 is {Beta1}; expected 0 or more and less than 1");
        faults.Unless(Beta2 is >= 0 and < 1, $"Beta2 is {Beta2}; expected 0 or more and less than 1");
        faults.Unless(Epsilon > 0, $"Epsilon is {Epsilon}; expected more than 0");
        faults.Unless(WeightDecay >= 0, $"WeightDecay is {WeightDecay}; expected 0 or more");
        return faults;
    }
}

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019) over a whole parameter set in one pass.</summary>
public sealed class AdamW : IDisposable
{
    private readonly ParameterSet _parameters;
    private readonly AdamWConfiguration _configuration;
    private readonly DeviceMemory _first;
    private readonly DeviceMemory _second;
    private readonly DeviceMemory _norm;

    /// <summary>Takes memory for the moments, which begin at zero.</summary>
    /// <exception cref="ArgumentException">The settings have faults; all are listed.</exception>
    public AdamW(ParameterSet parameters, AdamWConfiguration? configuration = null)
    {
        _configuration = configuration ?? new AdamWConfiguration();
        ConfigurationException.ThrowIfAny("AdamW", _configuration.Validate());
        _parameters = parameters;
        long bytes = parameters.Weights.Length * sizeof(float);
        _first = new DeviceMemory(parameters.Device, bytes);
        _second = new DeviceMemory(parameters.Device, bytes);
        _norm = new DeviceMemory(parameters.Device, sizeof(float));
    }

    /// <summary>Steps taken; set it when a run is resumed.</summary>
    public long Steps { get; set; }

    /// <summary>First moments, laid out as <see cref="ParameterSet.Weights"/>.</summary>
    public DeviceSpan<float> FirstMoments => _first.Span<float>();

    /// <summary>Second moments, laid out as <see cref="ParameterSet.Weights"/>.</summary>
    public DeviceSpan<float> SecondMoments => _second.Span<float>();

    /// <summary>The Euclidean norm of all gradients together.</summary>
    public float GradientNorm()
    {
        _parameters.ZeroMissingGradients();
        _parameters.Device.Kernels.SumOfSquares(_parameters.Gradients, _norm.Span<float>());
        Span<float> result = stackalloc float[1];
        _parameters.Device.Download(_norm.Span<float>(), result);
        return MathF.Sqrt(result[0]);
    }

    /// <summary>
    /// The factor that brings a gradient of norm <paramref name="norm"/> down to <paramref name="maximum"/>, or 1
    /// (Pascanu et al. 2013, algorithm 1); for <see cref="Step"/>. A maximum of 0 means no clipping.
    /// </summary>
    /// <exception cref="ArithmeticException">The norm is infinite or NaN: no factor mends such a gradient.</exception>
    public static float ClippingScale(float norm, float maximum)
    {
        if (!float.IsFinite(norm))
        {
            throw new ArithmeticException($"the gradient's norm is {norm}: training has diverged");
        }

        return maximum > 0 && norm > maximum ? maximum / norm : 1;
    }

    /// <summary>Updates every parameter from its gradient, then lets the next backward pass begin anew.</summary>
    /// <param name="learningRate">η.</param>
    /// <param name="gradientScale">What gradients are multiplied by first.</param>
    public void Step(float learningRate, float gradientScale = 1)
    {
        _parameters.ZeroMissingGradients();
        Steps++;
        long decayed = _parameters.DecayedLength, total = _parameters.Weights.Length;
        StepOver(0, decayed, learningRate, gradientScale, _configuration.WeightDecay);
        StepOver(decayed, total - decayed, learningRate, gradientScale, 0);
        _parameters.ForgetGradients();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
        _norm.Dispose();
    }

    private void StepOver(long start, long length, float learningRate, float gradientScale, float weightDecay)
        => _parameters.Device.Kernels.AdamW(new AdamWArguments
        {
            Weights = _parameters.Weights.Slice(start, length),
            Gradients = _parameters.Gradients.Slice(start, length),
            FirstMoments = FirstMoments.Slice(start, length),
            SecondMoments = SecondMoments.Slice(start, length),
            GradientScale = gradientScale,
            LearningRate = learningRate,
            Beta1 = _configuration.Beta1,
            Beta2 = _configuration.Beta2,
            Epsilon = _configuration.Epsilon,
            WeightDecay = weightDecay,
            Correction1 = (float)(1 - Math.Pow(_configuration.Beta1, Steps)),
            Correction2 = (float)(1 - Math.Pow(_configuration.Beta2, Steps)),
        });
}

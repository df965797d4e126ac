namespace Espalier.Planning.Sizes;

/// <summary>FLOPs, memory and time of a training step, from the size alone; times are corrected by what was measured.</summary>
public sealed class CostModel
{
    // Weight, gradient and Adam's two moments.
    private const int ValuesPerParameter = 4;

    private readonly Workload _work;
    private readonly double _peak, _intercept, _slope;

    /// <summary>Makes a model of costs.</summary>
    /// <param name="work">What is trained on.</param>
    /// <param name="flopsPerSecond">What matrix products reach on this machine.</param>
    /// <param name="measured">Sizes whose seconds per step are known; none is fine.</param>
    /// <exception cref="ArgumentException">The workload has a fault, or a rate or time is not above 0.</exception>
    public CostModel(Workload work, double flopsPerSecond, IReadOnlyList<(ModelSize Size, double StepSeconds)>? measured = null)
    {
        if (work.Validate() is { Count: > 0 } faults)
            throw new ArgumentException(string.Join("; ", faults), nameof(work));
        if (!(flopsPerSecond > 0) || (measured ?? []).Any(m => !(m.StepSeconds > 0) || !double.IsFinite(m.StepSeconds)))
            throw new ArgumentException("rates and measured times must be above 0");
        (_work, _peak) = (work, flopsPerSecond);
        (_intercept, _slope) = Correction(measured ?? []);
    }

    private bool Decodes => _work.Architecture == Architecture.EncoderDecoder;

    /// <summary>
    /// FLOPs of the matrix products of a step, forward and twice that backward: 6 N L 12 H² for the layers, 12 N L H T for attention,
    /// 6 (V H + H²) for each predicted token. A token of a pair meets half of an encoder-decoder's weights, attends within its side
    /// (the source's within T / 2, the target's within T / 4 in the mean, and T / 2 across), and is predicted by the embedding alone.
    /// </summary>
    public double StepFlops(ModelSize size)
    {
        double h = size.Hidden, n = _work.BatchTokens;
        double met = size.LayerWeightsOf(_work.Architecture) / (Decodes ? 2 : 1), attended = _work.SequenceLength * (Decodes ? 0.625 : 1);
        return (6 * n * met) + (12 * n * size.Layers * h * attended)
            + (6 * n * _work.PredictedShare * ((_work.Vocabulary * h) + (Decodes ? 0 : h * h)));
    }

    /// <summary>Parameters, embeddings, norms and biases included.</summary>
    public double Parameters(ModelSize size)
    {
        double h = size.Hidden, layers = size.LayerWeightsOf(_work.Architecture);
        return Decodes ? layers + (32 * h * size.Layers) + ((_work.Vocabulary + 4) * h)
            : layers + (13 * h * size.Layers) + ((_work.Vocabulary + _work.SequenceLength + 6 + h) * h) + _work.Vocabulary;
    }

    /// <summary>
    /// Bytes of training, generously: parameters with gradient and moments, and 34 activations of H a token and layer
    /// (Korthikanti et al. 2022, §4.1, in fp32 without dropout masks: 17 of H kept for backward, as many for their gradients),
    /// and scores of the vocabulary at the predicted tokens with their gradient. Layers of a decoder have three sub-layers, not two.
    /// </summary>
    public double MemoryBytes(ModelSize size) => sizeof(float) * (
        (ValuesPerParameter * Parameters(size))
        + (34.0 * _work.MicroBatchTokens * size.Hidden * ((size.Layers * (Decodes ? 1.25 : 1)) + 1))
        + (2.0 * _work.MicroBatchTokens * _work.PredictedShare * _work.Vocabulary));

    /// <summary>Seconds of a step: FLOPs over the rate, times the correction that the measured sizes ask for.</summary>
    public double StepSeconds(ModelSize size)
    {
        double flops = StepFlops(size);
        return flops / _peak * Math.Exp(_intercept + (_slope * Math.Log(flops)));
    }

    // Small models reach a smaller part of the peak: ln(measured / ideal) is a line over ln(FLOPs), never so steep that
    // a larger model would be cheaper. One measurement moves all alike.
    private (double Intercept, double Slope) Correction(IReadOnlyList<(ModelSize Size, double StepSeconds)> measured)
    {
        if (measured.Count == 0)
            return (0, 0);
        double[] x = [.. measured.Select(m => Math.Log(StepFlops(m.Size)))];
        double[] y = [.. measured.Select(m => Math.Log(m.StepSeconds * _peak / StepFlops(m.Size)))];
        double meanX = x.Average(), meanY = y.Average(), spread = x.Sum(v => (v - meanX) * (v - meanX));
        double slope = spread < 1e-6 ? 0 : x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / spread;
        slope = Math.Clamp(slope, -0.9, 0.5);
        return (meanY - (slope * meanX), slope);
    }
}

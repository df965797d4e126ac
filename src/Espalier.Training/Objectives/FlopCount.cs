using Espalier.Engine.Models;

namespace Espalier.Training.Objectives;

/// <summary>Floating-point operations of training, counted in two ways.</summary>
/// <param name="Products">Multiplications and additions of the matrix products that the loss and its gradient need. Attention's
/// scores, which are computed once more on the way back instead of being kept, count once.</param>
/// <param name="Electra">As the authors of ELECTRA count (Clark et al. 2020, their <c>flops_computation.py</c>), which the paper
/// follows: element-wise work too, embedding look-ups as dense products, a backward pass at the price of a forward one.</param>
public readonly record struct FlopCount(double Products, double Electra)
{
    /// <summary>The sum of both counts.</summary>
    public static FlopCount operator +(FlopCount a, FlopCount b) => new(a.Products + b.Products, a.Electra + b.Electra);
}

/// <summary>FLOPs of training an encoder on batches of sequences without padding.</summary>
public sealed class EncoderFlops
{
    private const double Dropout = 4, LayerNorm = 5, Gelu = 8, Softmax = 5;

    private readonly double _productsPerToken, _productsPerPair, _electraPerToken, _electraPerPair;
    private readonly double _hidden, _vocabulary;

    /// <summary>Counts once for a model.</summary>
    public EncoderFlops(EncoderConfiguration configuration)
    {
        double h = configuration.Hidden, f = configuration.ActualFeedForward, layers = configuration.Layers;
        double heads = configuration.ActualHeads;
        (_hidden, _vocabulary) = (h, configuration.Vocabulary);

        // Forward, and twice that backward: for the inputs' gradients and for the weights'.
        double attention = heads * configuration.ActualHeadSize;
        _productsPerToken = 6 * layers * ((4 * h * attention) + (2 * h * f));
        _productsPerPair = 12 * layers * attention;

        // Forward; doubled where they are used. A "pair" is a query with a key of its own sequence.
        // The first norm counts once for a row there, not for each element; so it does here, to give their figures.
        double block = (6 * h * h) + (3 * h) + (2 * h * h) + h + (Dropout * h) + h + LayerNorm
            + (4 * h * f) + (Gelu * f) + f + h + (Dropout * h) + h + (LayerNorm * h);
        double input = (2 * h * _vocabulary) + (2 * h * 2) + (2 * h) + (LayerNorm * h) + (Dropout * h);
        _electraPerToken = (layers * block) + input;
        _electraPerPair = (layers * ((4 * h) + ((Softmax + Dropout + 1) * heads))) + (2 * h);
    }

    /// <summary>Forward and backward of a batch with a masked-LM head.</summary>
    /// <param name="offsets">B + 1 offsets of its sequences.</param>
    /// <param name="predictions">Tokens that are predicted.</param>
    public FlopCount MaskedLanguageModel(ReadOnlySpan<int> offsets, int predictions)
    {
        double head = (2 * _hidden * _vocabulary) + (2 * _hidden * _hidden) + _hidden
            + (Gelu * _hidden) + (LayerNorm * _hidden) + (Softmax * _vocabulary) + (2 * _vocabulary);
        return Encoder(offsets) + new FlopCount(
            6.0 * predictions * ((_vocabulary * _hidden) + (_hidden * _hidden)), 2.0 * predictions * head);
    }

    /// <summary>Forward and backward of a batch with a head that classifies each sequence from its first token.</summary>
    /// <param name="offsets">B + 1 offsets of its sequences.</param>
    /// <param name="classes">Number of classes.</param>
    public FlopCount Classifier(ReadOnlySpan<int> offsets, int classes)
    {
        double sequences = offsets.Length - 1, products = (_hidden * _hidden) + (_hidden * classes);
        return Encoder(offsets) + new FlopCount(
            6 * sequences * products, 2 * sequences * ((2 * products) + _hidden + (Gelu * _hidden)));
    }

    private FlopCount Encoder(ReadOnlySpan<int> offsets)
    {
        double tokens = offsets[^1], pairs = 0;
        for (int i = 0; i + 1 < offsets.Length; i++)
        {
            double length = offsets[i + 1] - offsets[i];
            pairs += length * length;
        }

        return new FlopCount(
            (tokens * _productsPerToken) + (pairs * _productsPerPair),
            2 * ((tokens * _electraPerToken) + (pairs * _electraPerPair)));
    }
}

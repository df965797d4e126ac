using Espalier.Engine.Autograd;

namespace Espalier.Engine.Layers;

/// <summary>How the weights of a whole model begin.</summary>
public enum WeightSchemeKind
{
    /// <summary>
    /// Normal: matrices with RoBERTa's deviation at RoBERTa's width, 0.02 · √(768 / hidden), so that signals begin equally
    /// large at any width; embeddings with 0.1, so that positions are not drowned by the words' vectors, which grow fast
    /// at the learning rates that short budgets need.
    /// </summary>
    Scaled,

    /// <summary>Normal with deviation 0.02 everywhere, as RoBERTa and the paper.</summary>
    Roberta,

    /// <summary>Glorot-uniform matrices, as the Transformer for translation.</summary>
    Glorot,
}

/// <summary>Gives each matrix its <see cref="Initialization"/>.</summary>
/// <param name="Kind">Which scheme.</param>
/// <param name="Hidden">Width of the model.</param>
public readonly record struct WeightScheme(WeightSchemeKind Kind, int Hidden)
{
    private const float RobertaDeviation = 0.02f, RobertaHidden = 768, EmbeddingDeviation = 0.1f;

    /// <summary>For a linear layer.</summary>
    public Initialization Weight(int inputs, int outputs) => Kind switch
    {
        WeightSchemeKind.Glorot => Initialization.Glorot(inputs, outputs),
        WeightSchemeKind.Scaled => Initialization.Normal(RobertaDeviation * MathF.Sqrt(RobertaHidden / Hidden)),
        _ => Initialization.Normal(RobertaDeviation),
    };

    /// <summary>For an encoder's word and position embeddings.</summary>
    public Initialization Embedding()
        => Initialization.Normal(Kind == WeightSchemeKind.Scaled ? EmbeddingDeviation : RobertaDeviation);
}

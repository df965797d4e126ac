using Espalier.Engine.Autograd;

namespace Espalier.Engine.Layers;

/// <summary>How the weights of a whole model begin.</summary>
public enum WeightSchemeKind
{
    /// <summary>
    /// <see cref="Scaled"/>, with heads of the first layer that look at the tokens before and behind from the first step on
    /// (<see cref="NeighbourAttention"/>).
    /// </summary>
    Neighbours,

    /// <summary>
    /// Normal: matrices with RoBERTa's deviation at RoBERTa's width, 0.02 · √(768 / hidden), so that signals begin equally
    /// large at any width; embeddings with 0.1, less above a width of 128, so that positions are not drowned by the words' vectors,
    /// which grow fast at the learning rates that short budgets need.
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
    private const float RobertaDeviation = 0.02f, RobertaHidden = 768, WidestEmbedding = 128;

    // What predicts words multiplies with these vectors: from a width of 128 on they become shorter, so that its first scores do not grow.
    private float EmbeddingDeviation => 0.1f * MathF.Min(1, MathF.Sqrt(WidestEmbedding / Hidden));

    private bool IsScaled => Kind is WeightSchemeKind.Scaled or WeightSchemeKind.Neighbours;

    /// <summary>For a linear layer.</summary>
    public Initialization Weight(int inputs, int outputs) => Kind switch
    {
        WeightSchemeKind.Glorot => Initialization.Glorot(inputs, outputs),
        _ when IsScaled => Initialization.Normal(RobertaDeviation * MathF.Sqrt(RobertaHidden / Hidden)),
        _ => Initialization.Normal(RobertaDeviation),
    };

    /// <summary>For an encoder's word embeddings.</summary>
    public Initialization Embedding() => Initialization.Normal(IsScaled ? EmbeddingDeviation : RobertaDeviation);

    /// <summary>For an encoder's position embeddings.</summary>
    public Initialization Positions()
        => Kind == WeightSchemeKind.Neighbours ? NeighbourAttention.Positions(Embedding(), Hidden, EmbeddingDeviation) : Embedding();

    /// <summary>For the queries, keys and values of self-attention, 3W × H in one matrix, W = heads · head size.</summary>
    /// <param name="layer">Number of the layer, from 0.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="headSize">Width of a head.</param>
    public Initialization Attention(int layer, int heads, int headSize)
    {
        Initialization drawn = Weight(Hidden, heads * headSize);
        return Kind == WeightSchemeKind.Neighbours && layer == 0 ? NeighbourAttention.Projection(drawn, Hidden, heads, headSize) : drawn;
    }
}

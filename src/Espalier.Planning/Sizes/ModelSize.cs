namespace Espalier.Planning.Sizes;

/// <summary>What kind of Transformer a size is of.</summary>
public enum Architecture
{
    /// <summary>An encoder.</summary>
    Encoder,

    /// <summary>An encoder and a decoder of as many layers, with one embedding for source, target and output.</summary>
    EncoderDecoder,
}

/// <summary>Depth and width of a Transformer; feed-forward size 4 × hidden, heads of 64, as in the paper.</summary>
/// <param name="Layers">Layers, 1 or more; of an encoder-decoder those of each.</param>
/// <param name="Hidden">Hidden size H, 1 or more.</param>
public readonly record struct ModelSize(int Layers, int Hidden)
{
    /// <summary>Weights of an encoder's layers alone, 12 H² each: what the data have to fill.</summary>
    public double LayerWeights => LayerWeightsOf(Architecture.Encoder);

    /// <summary>Weights of the layers alone: 12 H² of an encoder's, and 16 H² of a decoder's, which attends to the source too.</summary>
    public double LayerWeightsOf(Architecture architecture)
        => (architecture == Architecture.Encoder ? 12.0 : 12.0 + 16.0) * Layers * Hidden * Hidden;

    /// <inheritdoc/>
    public override string ToString() => $"{Layers} × {Hidden}";
}

/// <summary>What is trained on.</summary>
/// <param name="Vocabulary">Tokens of the vocabulary V.</param>
/// <param name="SequenceLength">Tokens of a sequence T; of a pair of sentences, those of both.</param>
/// <param name="BatchTokens">Tokens of a step.</param>
/// <param name="MicroBatchTokens">Tokens that are in memory at once.</param>
/// <param name="PredictedShare">Share of the tokens that are predicted, in (0, 1]: the mask rate, or the targets' share of all.</param>
/// <param name="CorpusTokens">Distinct tokens of the corpus.</param>
/// <param name="Architecture">What is trained.</param>
public sealed record Workload(
    int Vocabulary, int SequenceLength, int BatchTokens, int MicroBatchTokens, double PredictedShare, long CorpusTokens,
    Architecture Architecture = Architecture.Encoder)
{
    /// <summary>Every fault, in words; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (Vocabulary < 1 || SequenceLength < 1 || MicroBatchTokens < 1 || CorpusTokens < 1)
            faults.Add("vocabulary, sequence length, micro-batch and corpus must be of 1 token or more");
        if (BatchTokens < MicroBatchTokens)
            faults.Add($"the batch of {BatchTokens} tokens is smaller than the micro-batch of {MicroBatchTokens}");
        if (PredictedShare is not (> 0 and <= 1))
            faults.Add($"a share of {PredictedShare} of the tokens is predicted; expected more than 0 and at most 1");
        return faults;
    }
}

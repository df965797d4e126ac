namespace Espalier.Planning.Sizes;

/// <summary>Depth and width of an encoder; feed-forward size 4 × hidden, heads of 64, as in the paper.</summary>
/// <param name="Layers">Layers, 1 or more.</param>
/// <param name="Hidden">Hidden size H, 1 or more.</param>
public readonly record struct ModelSize(int Layers, int Hidden)
{
    /// <summary>Weights of the layers alone, 12 H² each: what the data have to fill.</summary>
    public double LayerWeights => 12.0 * Layers * Hidden * Hidden;

    /// <inheritdoc/>
    public override string ToString() => $"{Layers} × {Hidden}";
}

/// <summary>What is trained on.</summary>
/// <param name="Vocabulary">Tokens of the vocabulary V.</param>
/// <param name="SequenceLength">Tokens of a sequence T.</param>
/// <param name="BatchTokens">Tokens of a step.</param>
/// <param name="MicroBatchTokens">Tokens that are in memory at once.</param>
/// <param name="PredictedShare">Share of the tokens that are predicted (the mask rate), in (0, 1].</param>
/// <param name="CorpusTokens">Distinct tokens of the corpus.</param>
public sealed record Workload(
    int Vocabulary, int SequenceLength, int BatchTokens, int MicroBatchTokens, double PredictedShare, long CorpusTokens)
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

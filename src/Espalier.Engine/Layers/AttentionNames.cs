namespace Espalier.Engine.Layers;

/// <summary>Stems under which an attention layer's four projections are stored.</summary>
/// <param name="Query">Of the queries.</param>
/// <param name="Key">Of the keys.</param>
/// <param name="Value">Of the values.</param>
/// <param name="Output">Of the projection that follows.</param>
public sealed record AttentionNames(string Query, string Key, string Value, string Output)
{
    /// <summary>As RoBERTa's checkpoints have them.</summary>
    public static AttentionNames Roberta(string prefix)
        => new($"{prefix}.self.query", $"{prefix}.self.key", $"{prefix}.self.value", $"{prefix}.output.dense");

    /// <summary>As checkpoints of encoder-decoder models have them (BART, Marian, fairseq).</summary>
    public static AttentionNames Projections(string prefix)
        => new($"{prefix}.q_proj", $"{prefix}.k_proj", $"{prefix}.v_proj", $"{prefix}.out_proj");
}

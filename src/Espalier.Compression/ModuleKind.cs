namespace Espalier.Compression;

/// <summary>A kind of module of a Transformer, as the paper's Fig. 9 tells them apart.</summary>
public enum ModuleKind
{
    /// <summary>Word and position embeddings.</summary>
    Embedding,

    /// <summary>Projections to queries, keys and values.</summary>
    AttentionInput,

    /// <summary>The projection that follows attention.</summary>
    AttentionOutput,

    /// <summary>The first matrix of a feed-forward layer.</summary>
    FeedForwardUp,

    /// <summary>The second matrix of a feed-forward layer.</summary>
    FeedForwardDown,

    /// <summary>Matrices of the head.</summary>
    Head,

    /// <summary>Gains and biases of layer norms.</summary>
    Norm,

    /// <summary>Biases of linear layers.</summary>
    Bias,
}

/// <summary>Tells modules by the names that checkpoints have.</summary>
public static class ModuleKinds
{
    /// <summary>The kind of module that a tensor belongs to.</summary>
    /// <param name="name">As in checkpoints, with or without the model's prefix.</param>
    public static ModuleKind Of(string name)
    {
        bool Has(string part) => name.Contains(part, StringComparison.Ordinal);
        return Has("LayerNorm.") || Has("layer_norm.") ? ModuleKind.Norm
            : name.EndsWith(".bias", StringComparison.Ordinal) ? ModuleKind.Bias
            : Has("embeddings.") || name == "shared.weight" ? ModuleKind.Embedding
            : IsOfHead(name) ? ModuleKind.Head
            : Has(".self.") || Has("q_proj") || Has("k_proj") || Has("v_proj") ? ModuleKind.AttentionInput
            : Has("attention.output.") || Has("out_proj") ? ModuleKind.AttentionOutput
            : Has("intermediate.") || Has("fc1.") ? ModuleKind.FeedForwardUp
            : ModuleKind.FeedForwardDown;
    }

    /// <summary>Whether a tensor stands on the encoder rather than in it: its name has no prefix in the file.</summary>
    internal static bool IsOfHead(string name)
        => name.Contains("classifier.", StringComparison.Ordinal) || name.Contains("lm_head.", StringComparison.Ordinal);
}

using Espalier.Engine.Kernels;

namespace Espalier.Engine.Models;

/// <summary>Where layer norm stands.</summary>
public enum NormPlacement
{
    /// <summary>At the input of every sub-layer, and once more at the end (the paper's choice, §3).</summary>
    Pre,

    /// <summary>After every residual connection, as the first Transformers had it.</summary>
    Post,
}

/// <summary>Which layers use the same parameters (the paper's appendix C, after ALBERT, Lan et al. 2020).</summary>
public enum LayerSharing
{
    /// <summary>Each has its own.</summary>
    None,

    /// <summary>All layers have one attention, its norm included.</summary>
    Attention,

    /// <summary>All layers are one.</summary>
    All,
}

/// <summary>What every Transformer stack is made of.</summary>
public abstract record StackConfiguration
{
    /// <summary>Layers of the stack (of each, where there are two).</summary>
    public required int Layers { get; init; }

    /// <summary>Width of the residual stream, H.</summary>
    public required int Hidden { get; init; }

    /// <summary>Attention heads, A; 0 means heads of 64, as the paper has them, one where H is less, and two at H = 64, of which one begins
    /// beside the token on either side: 2 × 64 has a held-out perplexity of 201 after 800 steps with two, and of 314 with one.</summary>
    public int Heads { get; init; }

    /// <summary>Width of a head, D; 0 means hidden / heads. Another where heads were pruned.</summary>
    public int HeadSize { get; init; }

    /// <summary>Width of the feed-forward layer, F; 0 means 4 × hidden.</summary>
    public int FeedForward { get; init; }

    /// <summary>Symbols, V.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>The longest sequence, in tokens.</summary>
    public required int MaximumPositions { get; init; }

    /// <summary>Dropout of sub-layer outputs and embeddings, in [0, 1).</summary>
    public float Dropout { get; init; } = 0.1f;

    /// <summary>Dropout of attention probabilities, in [0, 1).</summary>
    public float AttentionDropout { get; init; } = 0.1f;

    /// <summary>Where layer norm stands.</summary>
    public NormPlacement Norm { get; init; }

    /// <summary>Which layers share parameters.</summary>
    public LayerSharing Sharing { get; init; }

    /// <summary>ε of layer norm.</summary>
    public float LayerNormEpsilon { get; init; } = 1e-5f;

    /// <summary><see cref="Heads"/> with its default filled in.</summary>
    public int ActualHeads => Heads > 0 ? Heads : Hidden is 64 ? 2 : Math.Max(1, Hidden / 64);

    /// <summary><see cref="HeadSize"/> with its default filled in.</summary>
    public int ActualHeadSize => HeadSize > 0 ? HeadSize : Hidden / ActualHeads;

    /// <summary>Width of an attention's queries, keys and values, AD: H, or less where heads were pruned.</summary>
    public int AttentionWidth => ActualHeads * ActualHeadSize;

    /// <summary><see cref="FeedForward"/> with its default filled in.</summary>
    public int ActualFeedForward => FeedForward > 0 ? FeedForward : 4 * Hidden;

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public virtual IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        AtLeastOne(nameof(Layers), Layers);
        AtLeastOne(nameof(Hidden), Hidden);
        AtLeastOne(nameof(Vocabulary), Vocabulary);
        AtLeastOne(nameof(MaximumPositions), MaximumPositions);
        NotNegative(nameof(Heads), Heads);
        NotNegative(nameof(HeadSize), HeadSize);
        NotNegative(nameof(FeedForward), FeedForward);
        if (Hidden > 0 && HeadSize == 0 && Heads >= 0 && Hidden % (Heads > 0 ? Heads : Math.Min(Hidden, 64)) != 0)
        {
            faults.Add(Heads > 0
                ? $"Hidden {Hidden} is no multiple of Heads {Heads}; choose heads that divide it"
                : $"Hidden {Hidden} is no multiple of 64, the default head size; set Heads to a divisor of it");
        }

        Probability(nameof(Dropout), Dropout);
        Probability(nameof(AttentionDropout), AttentionDropout);
        if (!(LayerNormEpsilon > 0))
        {
            faults.Add($"LayerNormEpsilon is {LayerNormEpsilon}; expected more than 0");
        }

        if (!Enum.IsDefined(Norm))
        {
            faults.Add($"Norm is {Norm}; expected Pre or Post");
        }

        if (!Enum.IsDefined(Sharing))
        {
            faults.Add($"Sharing is {Sharing}; expected None, Attention or All");
        }

        return faults;

        void AtLeastOne(string name, int value)
        {
            if (value < 1)
            {
                faults.Add($"{name} is {value}; expected 1 or more");
            }
        }

        void NotNegative(string name, int value)
        {
            if (value < 0)
            {
                faults.Add($"{name} is {value}; expected 0 (the default) or more");
            }
        }

        void Probability(string name, float value)
        {
            if (!(value >= 0 && value < 1))
            {
                faults.Add($"{name} is {value}; expected 0 or more and less than 1");
            }
        }
    }

    private protected static IEnumerable<string> ActivationFaults(Activation activation)
        => Enum.IsDefined(activation)
            ? []
            : [$"Activation is {activation}; expected {string.Join(", ", Enum.GetNames<Activation>())}"];
}

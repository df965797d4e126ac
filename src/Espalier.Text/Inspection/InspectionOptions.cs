using Espalier.Text.Tokenization;

namespace Espalier.Text.Inspection;

/// <summary>How closely to look.</summary>
public sealed record InspectionOptions
{
    /// <summary>Measures lengths in its tokens; without it they are measured in words.</summary>
    public Tokenizer? Tokenizer { get; init; }

    /// <summary>The length above which a sequence would be truncated or left out, special tokens included.</summary>
    public int MaxLength { get; init; } = 128;

    /// <summary>Samples to draw.</summary>
    public int Samples { get; init; } = 3;

    /// <summary>Seed of the draw.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Every fault of these options, in words; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        if (MaxLength < 8)
            faults.Add($"maximal length {MaxLength} must be at least 8");
        if (Samples < 0)
            faults.Add($"number of samples {Samples} must not be negative");
        return faults;
    }
}

using Espalier.Compression.Choice;
using Espalier.Planning.Sizes;

namespace Espalier.Pipeline.Plans;

/// <summary>What a plan is wanted for.</summary>
public sealed record PlanSettings
{
    /// <summary>Folder of a prepared corpus with a held-out part, to pretrain an encoder on; null where <see cref="Translation"/> is given.</summary>
    public string? Data { get; init; }

    /// <summary>What to translate; null where an encoder is pretrained.</summary>
    public TranslationPlan? Translation { get; init; }

    /// <summary>All the time of training, of which planning takes at most 15 %.</summary>
    public required TimeSpan Budget { get; init; }

    /// <summary>Bytes allowed for training; null allows three quarters of the machine's.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Worker threads; 0 takes every core.</summary>
    public int Threads { get; init; }

    /// <summary>Seed of weights, data order, masks and dropout.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>What the model has to keep to where it will be used, compressed.</summary>
    public DeploymentLimits Limits { get; init; } = new();

    /// <summary>How candidates learn that are pretrained.</summary>
    public PlanLearning Learning { get; init; } = new();

    /// <summary>Most candidates.</summary>
    public int Candidates { get; init; } = 6;

    /// <summary>Fewest layers of a candidate, where they are chosen here.</summary>
    public int FewestLayers { get; init; } = 1;

    /// <summary>The candidates; null chooses them from machine, data and limits.</summary>
    public IReadOnlyList<ModelSize>? Sizes { get; init; }

    /// <summary>The same, with other paths.</summary>
    internal PlanSettings With(Func<string, string> path) => this with
    {
        Data = Data == null ? null : path(Data),
        Translation = Translation is not { } t ? null
            : t with { Corpus = t.Corpus.With(path), Tokenizer = t.Tokenizer == null ? null : path(t.Tokenizer) },
    };

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [.. Limits.Validate(), .. Learning.Validate(), .. Translation?.Corpus.Validate() ?? []];
        if ((Data == null) == (Translation == null))
            faults.Add("a plan is for one thing: a prepared corpus, or pairs to translate");
        if (Budget <= TimeSpan.Zero)
            faults.Add($"a budget of {Budget}; expected more than no time");
        if (MemoryBytes < 1)
            faults.Add($"{MemoryBytes} bytes of memory allowed; expected more than 0");
        if (Threads is < 0 or > 1024)
            faults.Add($"{Threads} threads; expected 1 to 1024, or 0 for every core");
        if (Candidates < 1)
            faults.Add($"{Candidates} candidates; expected 1 or more");
        if (FewestLayers < 1)
            faults.Add($"{FewestLayers} layers at least; expected 1 or more");
        if (Sizes is { } sizes && (sizes.Count == 0 || sizes.Distinct().Count() < sizes.Count || sizes.Any(s => s.Layers < 1 || s.Hidden < 1)))
            faults.Add("the sizes must be one or more, of 1 layer and a width of 1 or more, each once");
        return faults;
    }
}

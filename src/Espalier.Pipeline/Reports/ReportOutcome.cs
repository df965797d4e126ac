using System.Text.Json.Serialization;
using Espalier.Compression.Choice;

namespace Espalier.Pipeline.Reports;

/// <summary>What was asked for.</summary>
/// <param name="BudgetSeconds">Wall-clock seconds of the whole job; null where it had no end.</param>
/// <param name="Limits">What the package must keep to.</param>
public sealed record ReportGoals(double? BudgetSeconds, DeploymentLimits Limits);

/// <summary>What came of a run: the package.</summary>
public sealed record ReportOutcome
{
    /// <summary>Its folder, as a reader of the report finds it from the folder of the run.</summary>
    public required string Package { get; init; }

    /// <summary>Layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Width.</summary>
    public required int Hidden { get; init; }

    /// <summary>Values of all parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Bytes of the whole package on disk.</summary>
    public required long Bytes { get; init; }

    /// <summary>Wall-clock seconds that the job has taken.</summary>
    public required double Seconds { get; init; }

    /// <summary>Its classes in their order; null for a pretrained encoder.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Parameters that are not zero.</summary>
    public long? NonZero { get; init; }

    /// <summary>Median seconds for one example by itself, as packaged.</summary>
    public double? LatencySeconds { get; init; }

    /// <summary>Tokens per second in batches, as packaged.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>Median seconds for one example by itself before compression; null where nothing was compressed or it was not measured.</summary>
    public double? UncompressedLatencySeconds { get; init; }

    /// <summary>Tokens per second in batches before compression.</summary>
    public double? UncompressedTokensPerSecond { get; init; }

    /// <summary>How good it is on the development set, which decided between models.</summary>
    public ReportScore? Development { get; init; }

    /// <summary>How good it is on the test set, which decided nothing.</summary>
    public ReportScore? Test { get; init; }

    /// <summary>Accuracy on the development set before compression.</summary>
    public double? UncompressedAccuracy { get; init; }

    /// <summary>How well it translates the development set, which decided between models; null where it does not translate.</summary>
    public ReportTranslationScore? DevelopmentTranslation { get; init; }

    /// <summary>How well it translates the test set, which decided nothing.</summary>
    public ReportTranslationScore? TestTranslation { get; init; }

    /// <summary>BLEU of greedy translations of the development set before compression.</summary>
    public double? UncompressedBleu { get; init; }

    /// <summary>Bytes of the model before compression.</summary>
    public long? UncompressedBytes { get; init; }

    /// <summary>Held-out loss of the pretrained model, in nats.</summary>
    public double? HeldOutLoss { get; init; }

    /// <summary>Predictions that <see cref="HeldOutLoss"/> is the mean of.</summary>
    public long? HeldOutPredictions { get; init; }

    /// <summary>The held-out perplexity of a model that ignores context.</summary>
    public double? UnigramPerplexity { get; init; }

    /// <summary>Whether it is a model that translates.</summary>
    [JsonIgnore]
    public bool Translates => UncompressedBleu != null || DevelopmentTranslation != null;

    /// <summary>Quality on the development set that compression cost, as a part of the best there can be: 0.01 is a point of accuracy or of
    /// BLEU. Null where it is not known.</summary>
    internal double? LostByCompression => UncompressedAccuracy - Development?.Accuracy ?? (UncompressedBleu - DevelopmentTranslation?.Bleu) / 100;

    /// <summary>Goals that were missed; empty or null where none was.</summary>
    public IReadOnlyList<LimitExcess>? Missed { get; init; }
}

/// <summary>How good a classifier is on a labelled set.</summary>
/// <param name="Examples">Examples of the set.</param>
/// <param name="Accuracy">Part of them that is classified right.</param>
/// <param name="MacroF1">Mean of the classes' F1.</param>
/// <param name="Matthews">Matthews' correlation.</param>
/// <param name="Loss">Mean cross-entropy in nats.</param>
/// <param name="Majority">Part of the examples that are of the most frequent class.</param>
public sealed record ReportScore(
    long Examples, double Accuracy, double? MacroF1 = null, double? Matthews = null, double? Loss = null, double? Majority = null);

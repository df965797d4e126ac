namespace Espalier.Training.Runs;

/// <summary>What stands on an encoder.</summary>
/// <param name="Labels">The classes of a classifier, in order; null for masked language modelling.</param>
public sealed record ModelHead(IReadOnlyList<string>? Labels)
{
    /// <summary>Prediction of masked tokens.</summary>
    public static ModelHead MaskedLanguageModel { get; } = new(Labels: null);

    /// <summary>Classification.</summary>
    public static ModelHead Classifier(IReadOnlyList<string> labels) => new(labels);
}

namespace Espalier.Inference;

/// <summary>A text to classify, or a pair of them.</summary>
/// <param name="First">The text, or the first of two.</param>
/// <param name="Second">The second text, or null.</param>
public readonly record struct TextInput(string First, string? Second = null);

/// <summary>What a model makes of a text.</summary>
/// <param name="Label">The class of the highest probability; of equal ones the first.</param>
/// <param name="Probabilities">One for each class in the order of <see cref="TextClassifier.Labels"/>; they add up to 1.</param>
/// <param name="Truncated">Whether the text was too long for the model and lost its end.</param>
public sealed record LabelPrediction(string Label, IReadOnlyList<double> Probabilities, bool Truncated)
{
    /// <summary>The probability of <see cref="Label"/>.</summary>
    public double Probability => Probabilities.Max();
}

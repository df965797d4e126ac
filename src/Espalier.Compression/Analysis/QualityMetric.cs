using System.Globalization;
using System.Text.Json.Serialization;

namespace Espalier.Compression.Analysis;

/// <summary>What the quality of a model is measured by, on the development set of its task.</summary>
public enum QualityMetric
{
    /// <summary>Part of the examples that are classified right, from 0 to 1.</summary>
    [JsonStringEnumMemberName("accuracy")]
    Accuracy,

    /// <summary>BLEU of the translations as sacrebleu computes it on text, from 0 to 100.</summary>
    [JsonStringEnumMemberName("BLEU")]
    Bleu,
}

/// <summary>What can be said of figures of a metric.</summary>
public static class QualityMetrics
{
    /// <summary>Its name within a sentence: <c>accuracy</c> or <c>BLEU</c>.</summary>
    public static string Name(this QualityMetric metric) => metric == QualityMetric.Bleu ? "BLEU" : "accuracy";

    /// <summary>The figure of a model that does everything right.</summary>
    public static double Best(this QualityMetric metric) => metric == QualityMetric.Bleu ? 100 : 1;

    /// <summary>A figure, or a difference of two, in points of a hundred.</summary>
    public static double Points(this QualityMetric metric, double quality) => 100 * quality / metric.Best();

    /// <summary>A figure as one writes it: <c>83.21 %</c>, or <c>45.12</c> where it is BLEU.</summary>
    public static string Show(this QualityMetric metric, double quality)
        => metric.Points(quality).ToString("F2", CultureInfo.InvariantCulture) + (metric == QualityMetric.Accuracy ? " %" : "");
}

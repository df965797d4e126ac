using System.Text.Json;
using Espalier.Text.Metrics;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Training.Finetuning;

/// <summary>Writes what the best model makes of the development set.</summary>
internal static class PredictionFiles
{
    public const string PredictionsName = "predictions.jsonl", ConfusionName = "confusion.json";

    public static void Write(RunDirectory run, IReadOnlyList<string> labels, ClassifierResult result)
    {
        using var lines = new MemoryStream();
        for (int i = 0; i < result.Predictions.Count; i++)
        {
            ClassPrediction p = result.Predictions[i];
            var record = new PredictionRecord(i, labels[p.Gold], labels[p.Predicted], [.. p.Probabilities.Select(x => Math.Round(x, 6))]);
            lines.Write(JsonSerializer.SerializeToUtf8Bytes(record, FinetuningJson.Default.PredictionRecord));
            lines.WriteByte((byte)'\n');
        }

        run.Storage.WriteFile(Path.Join(run.Path, PredictionsName), lines.ToArray());
        run.Storage.WriteFile(
            Path.Join(run.Path, ConfusionName), JsonSerializer.SerializeToUtf8Bytes(Confusion(labels, result), FinetuningJson.Default.ConfusionRecord));
    }

    private static ConfusionRecord Confusion(IReadOnlyList<string> labels, ClassifierResult result)
    {
        ConfusionMatrix m = result.Confusion;
        return new ConfusionRecord(labels, m.Rows, m.Accuracy, m.MacroF1, m.MatthewsCorrelation, result.Loss);
    }
}

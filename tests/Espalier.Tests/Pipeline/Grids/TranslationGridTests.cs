using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Compression.Packages;
using Espalier.Engine.Weights;
using Espalier.Inference;
using Espalier.Pipeline.Grids;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Tests.Pipeline.Grids;

[Collection(TrainedTranslationCollection.Name)]
public class TranslationGridTests(TrainedTranslation trained)
{
    [Fact]
    public void Run_StoppedAnywhereAndResumed_GivesTheSameTableOfBleu_AndMasksHold()
    {
        using var folder = new TemporaryFolder();
        GridTable whole;
        int reports = 0;
        using (CompressionGrid grid = CompressionGrid.Create(folder["whole"], trained.Grid()))
        {
            Assert.Equal((QualityMetric.Bleu, trained.Bleu, 12), (grid.Record.Metric, grid.Record.Quality, grid.Record.DevelopmentExamples));
            whole = grid.Run(new Counting(() => reports++));
        }

        Assert.All(whole.Cells, c => Assert.Null(c.Failure));
        Assert.Equal([trained.Bleu, trained.Bleu], [whole.Quality, whole.Cells[0].Measures!.Quality]);
        Assert.StartsWith("sparsity,bits,bleu,drop,", File.ReadLines(folder["whole/table.csv"]).First(), StringComparison.Ordinal);
        Assert.Contains("\"metric\":\"BLEU\"", File.ReadAllText(folder["whole/table.json"]), StringComparison.Ordinal);

        // Finetuning moved what stayed, and nothing of what went.
        LevelResult pruned = whole.Levels[1];
        Assert.True(pruned is { Steps: > 0, Epochs: 1 } && pruned.Quality > pruned.QualityBefore, $"{pruned}");
        ModelWeights before = ModelWeights.Load(folder["whole/levels/0/weights.safetensors"]), after = ModelWeights.Load(folder["whole/levels/0.6/weights.safetensors"]);
        Assert.Equal((long)Math.Round(0.6 * pruned.Prunable), pruned.Pruned);
        Assert.Equal(pruned.Pruned, after.Tensors.Where(trained.Grid().Pruning.Covers).Sum(t => (long)t.Values.Count(v => v == 0)));
        Assert.NotEqual(before["shared.weight"].Values, after["shared.weight"].Values);

        CompressionGrid.Create(folder["stopped"], trained.Grid()).Dispose();
        for (int stops = 0; ; stops++)
        {
            int left = Math.Max(2, reports / 3);
            using var stop = new CancellationTokenSource();
            using CompressionGrid grid = CompressionGrid.Resume(folder["stopped"]);
            try
            {
                GridTable resumed = grid.Run(new Counting(() =>
                {
                    if (--left == 0)
                        stop.Cancel();
                }), stop.Token);
                Assert.True(stops >= 2, $"it was stopped {stops} times only");
                Assert.Equal(Comparable(whole), Comparable(resumed));
                break;
            }
            catch (OperationCanceledException)
            {
            }
        }

        static string Comparable(GridTable table) => string.Join('\n', [
            .. table.Cells.Select(c => $"{c.Name} {c.Measures!.Quality} {c.Measures.Bytes} {c.Measures.NonZero} {string.Join(' ', c.Errors)}"),
            .. table.Levels.Select(l => (l with { Seconds = 0 }).ToString()), .. table.Frontier]);
    }

    [Fact]
    public void Choose_SmallestAllowed_IsAPackageThatTranslatesAsWellAsIsSaid()
    {
        using var folder = new TemporaryFolder();
        using CompressionGrid grid = CompressionGrid.Create(folder["grid"], trained.Grid() with
        {
            Heads = 1,
            FeedForward = 96,
            Bits = [32, 8],
            Sparsities = [0.3],
            Pruning = new() { Step = 0.3, Embeddings = true },
            Activations = ActivationPrecision.Integer,
        });
        GridTable table = grid.Run();
        Assert.True(table.Levels[0] is { Sparsity: 0, Steps: > 0 }, "without heads and units there is quality to win back");
        CellResult smallest = table.Cells.MinBy(c => c.Measures!.Bytes)!;
        Assert.Equal(smallest.Name, grid.Choose(new DeploymentLimits(MaxBytes: smallest.Measures!.Bytes)).Chosen.Name);

        string package = Path.Join(folder["grid"], RunDirectory.ModelName);
        Assert.Equal((1, 16, 96), TranslationFolder.ReadConfiguration(package) is var c ? (c.Heads, c.ActualHeadSize, c.FeedForward) : default);
        Assert.Equal(ActivationPrecision.Integer, CompressedWeights.Open(package).Activations);

        // Also where a translation is longer than any of training's: this model is hardly trained.
        Assert.Equal(smallest.Measures.Quality, Bleu(1), 9);
        Assert.Equal(grid.MeasureChosen()!.Value, Bleu(4), 9);

        double Bleu(int beam)
        {
            using Translator translator = Translator.Open(package, new() { Beam = beam }, threads: 1);
            return TranslationMeasure.Of(translator, trained.Source, trained.References).Bleu.Score;
        }
    }

    [Fact]
    public void Open_OtherData_SaysSo()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["run/model"]);
        foreach (string file in (string[])["run.json", "events.jsonl", "model/config.json", "model/tokenizer.json", "model/model.safetensors"])
            File.Copy(Path.Join(trained.Run, file), Path.Join(folder["run"], file));
        string manifest = folder["run/run.json"];
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("dev.", "train.", StringComparison.Ordinal));
        Assert.Contains("is not what the run was made with", Assert.Throws<RunMismatchException>(
            () => TranslationModel.Open(folder["run"])).Message, StringComparison.Ordinal);
    }

    private sealed class Counting(Action told) : IProgress<GridProgress>
    {
        public void Report(GridProgress value) => told();
    }
}

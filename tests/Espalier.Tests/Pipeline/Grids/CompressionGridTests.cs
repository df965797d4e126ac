using System.Text.Json;
using System.Text.RegularExpressions;
using Espalier.Compression;
using Espalier.Compression.Choice;
using Espalier.Compression.Packages;
using Espalier.Compression.Pruning;
using Espalier.Engine.Safetensors;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Grids;
using Espalier.Training.Runs;

namespace Espalier.Tests.Pipeline.Grids;

public class CompressionGridTests
{
    [Fact]
    public void Run_StoppedAnywhereAndResumed_MakesNoCellTwiceAndTheSameTable()
    {
        using var folder = new TemporaryFolder();
        string model = SmallGrid.Finetune(folder);
        GridTable whole;
        int reports = 0;
        using (CompressionGrid grid = CompressionGrid.Create(folder["whole"], SmallGrid.Configuration(model)))
        {
            whole = grid.Run(new Counting(_ => reports++));
        }

        Assert.Equal(6, whole.Cells.Count(c => c.Failure == null));
        Assert.Contains(whole.Levels, l => l.Steps > 0);
        Assert.All(whole.Levels, l => Assert.Equal((long)Math.Round(l.Sparsity * l.Prunable, MidpointRounding.AwayFromZero), l.Pruned));

        // What was pruned stays so from level to level, whatever finetuning did between.
        ModelWeights[] levels = [.. whole.Levels.Select(l => ModelWeights.Load(Path.Join(folder["whole"], "levels", $"{l.Sparsity}", "weights.safetensors")))];
        foreach ((ModelWeights less, ModelWeights more) in levels.Zip(levels.Skip(1)))
            Assert.All(less.Tensors.Where(new PruningSettings().Covers), t => Assert.True(t.Values.Zip(more[t.Name].Values).All(pair => pair.First != 0 || pair.Second == 0)));
        Assert.StartsWith("0,32,model,", File.ReadLines(folder["whole/errors.csv"]).ElementAt(1), StringComparison.Ordinal);
        Assert.Contains(File.ReadLines(folder["whole/errors.csv"]), line => line.StartsWith("0.98,4,level,", StringComparison.Ordinal));

        string path = folder["stopped"];
        CompressionGrid.Create(path, SmallGrid.Configuration(model)).Dispose();
        string[] before = [];
        for (int stops = 0; ; stops++)
        {
            // A few reports further each time: in the middle of finetuning and between cells.
            int left = Math.Max(2, reports / 5);
            using var stop = new CancellationTokenSource();
            using CompressionGrid grid = CompressionGrid.Resume(path);
            try
            {
                GridTable resumed = grid.Run(new Counting(_ =>
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
                string file = Path.Join(path, "cells.jsonl");
                string[] lines = File.Exists(file) ? File.ReadAllLines(file) : [];
                Assert.Equal(before, lines.Take(before.Length));
                before = lines;
            }
        }

        static string Comparable(GridTable table) => string.Join('\n', [
            .. table.Cells.Select(c => $"{c.Name} {c.Measures!.Quality} {c.Measures.Bytes} {c.Measures.NonZero} {string.Join(' ', c.Errors)}"),
            .. table.Levels.Select(l => (l with { Seconds = 0 }).ToString()), .. table.Frontier]);
    }

    [Fact]
    public void Run_CellThatIsMissingBeforeALevelThatIsThere_PrunesFromTheNearestLevel()
    {
        using var folder = new TemporaryFolder();
        string model = SmallGrid.Finetune(folder), path = folder["grid"];
        GridTable whole;
        using (CompressionGrid grid = CompressionGrid.Create(path, SmallGrid.Configuration(model)))
        {
            whole = grid.Run();
        }

        // As after a cell of the first level failed, and the process was killed before the last level.
        string cells = Path.Join(path, "cells.jsonl");
        string kept = string.Concat(File.ReadAllLines(cells).Where(line => !line.Contains("\"sparsity\":0,\"bits\":4", StringComparison.Ordinal)
            && !line.Contains("\"sparsity\":0.98", StringComparison.Ordinal)).Select(line => line + "\n"));
        Assert.Equal(3, kept.Count(c => c == '\n'));
        File.WriteAllText(cells, kept);
        Directory.Delete(Path.Join(path, "levels", "0.98"), recursive: true);
        Resume();

        // All levels may go to save room; they are made anew for a cell that is missing.
        File.WriteAllText(cells, kept);
        Directory.Delete(Path.Join(path, "levels"), recursive: true);
        Resume();

        void Resume()
        {
            using CompressionGrid resumed = CompressionGrid.Resume(path);
            Assert.Equal(whole.Cells.Select(c => c.Measures!.Quality), resumed.Run().Cells.Select(c => c.Measures!.Quality));
            Assert.Equal(whole.Levels.Select(l => l with { Seconds = 0 }), resumed.Table().Levels.Select(l => l with { Seconds = 0 }));
        }
    }

    [Fact]
    public void Resume_OnAnotherMachine_SaysSoAndMeasuresSpeedsAgainOnce()
    {
        using var folder = new TemporaryFolder();
        string model = SmallGrid.Finetune(folder), path = folder["grid"];
        using (CompressionGrid grid = CompressionGrid.Create(path, SmallGrid.Configuration(model) with { Sparsities = [0] }))
        {
            Assert.Empty(grid.Warnings);
            grid.Run();
        }

        // One line as this version writes it, one as an earlier version did: on which machine, the manifest says.
        string cells = Path.Join(path, "cells.jsonl"), manifest = Path.Join(path, "run.json"), processor = MachineRecord.Here("", 0).Processor;
        string[] lines = File.ReadAllLines(cells);
        string here = JsonDocument.Parse(lines[0]).RootElement.GetProperty("machine").GetString()!;
        string inJson = JsonSerializer.Serialize(here);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace(JsonSerializer.Serialize(processor), "\"another\"", StringComparison.Ordinal));
        File.WriteAllText(cells, $"{Regex.Replace(lines[0], "\"latency\":[^,]*", "\"latency\":1000").Replace(inJson, "\"elsewhere\"", StringComparison.Ordinal)}\n"
            + $"{Regex.Replace(lines[1], "\"latency\":[^,]*", "\"latency\":1000").Replace($",\"machine\":{inJson}", "", StringComparison.Ordinal)}\n");
        Assert.All(CompressionGrid.ReadCells(path), c => Assert.Equal(1000, c.Measures!.Latency));
        using (CompressionGrid grid = CompressionGrid.Resume(path))
        {
            Assert.Contains("the grid was made on another", Assert.Single(grid.Warnings), StringComparison.Ordinal);
            Assert.All(grid.Run().Cells, c => Assert.True(c.Measures!.Latency < 10 && c.Machine == here, $"{c}"));
        }

        byte[] measured = File.ReadAllBytes(cells);
        using (CompressionGrid grid = CompressionGrid.Resume(path))
        {
            grid.Run();
            Assert.Equal(measured, File.ReadAllBytes(cells));
        }
    }

    [Fact]
    public void Resume_PackagesThatAreDamagedOrGone_AreMadeAnewAndNeverChosen()
    {
        using var folder = new TemporaryFolder();
        string model = SmallGrid.Finetune(folder), path = folder["grid"], weights = Path.Join(path, "cells", "s0-b4", ModelFolder.WeightsName);
        var small = new DeploymentLimits(MaxBytes: 1);
        byte[] good, chosen;
        using (CompressionGrid grid = CompressionGrid.Create(path, SmallGrid.Configuration(model) with { Sparsities = [0] }))
        {
            grid.Run();
            Assert.Equal("s0-b4", grid.Choose(small).Chosen.Name);
            good = File.ReadAllBytes(weights);
            grid.Choose(new DeploymentLimits());
            chosen = Chosen();

            // A byte of the data: the header is as good as it was.
            Assert.Equal(good.Length, Spoiled().Length);
            string message = Assert.Throws<RunDamagedException>(() => grid.Choose(small)).Message;
            Assert.Contains("s0-b4: is not what was made", message, StringComparison.Ordinal);
            Assert.Contains("resume the grid", message, StringComparison.Ordinal);
            Directory.Delete(Path.Join(path, "cells", "s0-b4"), recursive: true);
            Assert.Contains("s0-b4: is not there", Assert.Throws<RunDamagedException>(() => grid.Choose(small)).Message, StringComparison.Ordinal);
            Assert.Equal(chosen, Chosen());
            Assert.False(Directory.Exists(Path.Join(path, "model.tmp")));
        }

        File.Delete(Path.Join(path, "table.csv"));
        Resume("the package of s0-b4 is not there; it is made anew");
        Spoiled();
        Resume("the package of s0-b4 is not what was made: its SHA-256 is another; it is made anew");

        // As an earlier version wrote it, without the SHA-256: the package has its own.
        Spoiled();
        string cells = Path.Join(path, "cells.jsonl");
        File.WriteAllText(cells, Regex.Replace(File.ReadAllText(cells), ",\"sha256\":\"[0-9a-f]*\"", ""));
        Resume("the package of s0-b4 is not what was made: its SHA-256 is another; it is made anew");

        void Resume(string expected)
        {
            List<string> warnings = [];
            using CompressionGrid grid = CompressionGrid.Resume(path);
            Assert.Equal(2, grid.Run(new Counting(p => warnings.AddRange(p.Warning is { } w ? [w] : []))).Cells.Count(c => c.Failure == null));
            Assert.Equal(expected, Assert.Single(warnings));
            Assert.Equal(good, File.ReadAllBytes(weights));
            Assert.Equal(3, File.ReadAllLines(Path.Join(path, "table.csv")).Length);
            Assert.Equal("s0-b4", grid.Choose(small).Chosen.Name);
            Assert.Equal(good, Chosen());
        }

        byte[] Chosen() => File.ReadAllBytes(Path.Join(path, RunDirectory.ModelName, ModelFolder.WeightsName));

        byte[] Spoiled()
        {
            byte[] bytes = File.ReadAllBytes(weights);
            bytes[^3] ^= 1;
            File.WriteAllBytes(weights, bytes);
            return bytes;
        }
    }

    [Fact]
    public void Run_WithoutTime_MakesWhatIsWantedTheShortestWay_UntilOneSuffices()
    {
        using var folder = new TemporaryFolder();
        string model = SmallGrid.Finetune(folder);
        using (CompressionGrid grid = CompressionGrid.Create(folder["none"], SmallGrid.Configuration(model)))
        {
            Assert.Empty(grid.Run(pace: new GridPace(() => TimeSpan.Zero, (_, _) => true, _ => true)).Cells);
        }

        using (CompressionGrid grid = CompressionGrid.Create(folder["one"], SmallGrid.Configuration(model)))
        {
            GridTable table = grid.Run(pace: new GridPace(() => TimeSpan.Zero, (sparsity, _) => sparsity > 0.9, cells => cells.Any(c => c.Bits == 4)));

            // Single precision is no compression: it comes last.
            Assert.Equal("s0.98-b4", Assert.Single(table.Cells).Name);
            Assert.Equal([0, 0.98], table.Levels.Select(l => l.Sparsity));
        }
    }

    [Fact]
    public void Run_ConstantTensor_FailsTheQuantizedCellsAlone()
    {
        using var folder = new TemporaryFolder();
        string model = SmallGrid.Finetune(folder);
        Spoil(model, 0.25f);
        using CompressionGrid grid = CompressionGrid.Create(folder["grid"], SmallGrid.Configuration(model) with { Sparsities = [0] });
        GridTable table = grid.Run();
        Assert.Null(table.Cells[0].Failure);
        string[] csv = File.ReadAllLines(Path.Join(folder["grid"], "table.csv"));
        Assert.All(csv, line => Assert.Equal(csv[0].Count(c => c == ','), line.Count(c => c == ',')));
        Assert.Contains("all weights of tensor classifier.dense.bias are 0.25", table.Cells[1].Failure, StringComparison.Ordinal);
        Assert.Equal("s0-b32", grid.Choose(new DeploymentLimits(MaxBytes: 1)).Chosen.Name);
    }

    [Fact]
    public void Run_IntegerActivations_SaysWhatTheyCost()
    {
        using var folder = new TemporaryFolder();
        string model = SmallGrid.Finetune(folder);
        using CompressionGrid grid = CompressionGrid.Create(folder["grid"], SmallGrid.Configuration(model) with
        {
            Sparsities = [0],
            Bits = [32, 8, 4],
            Activations = ActivationPrecision.Integer,
        });
        GridTable table = grid.Run();

        // Codes of 8 bits only meet integers.
        Assert.Equal([false, true, false], table.Cells.Select(c => c.SingleQuality != null));
        string[] lines = File.ReadAllLines(Path.Join(folder["grid"], "table.csv"));
        Assert.EndsWith($",done,{table.Cells[1].SingleQuality}", lines[2], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.Equal(lines[0].Count(c => c == ','), line.Count(c => c == ',')));

        // Whoever opens the package runs it as it was measured.
        Assert.Equal(ActivationPrecision.Integer, CompressedWeights.Open(folder["grid/cells/s0-b8"]).Activations);
    }

    [Fact]
    public void Create_NaNWeights_WritesNothing()
    {
        using var folder = new TemporaryFolder();
        string model = SmallGrid.Finetune(folder);
        Spoil(model, float.NaN);
        string message = Assert.Throws<SafetensorsException>(() => CompressionGrid.Create(folder["grid"], SmallGrid.Configuration(model))).Message;
        Assert.Contains("tensor 'classifier.dense.bias': has the value NaN in row 0, column 0", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["grid"]));
    }

    [Fact]
    public void Resume_OtherModel_SaysSo()
    {
        using var folder = new TemporaryFolder();
        string model = SmallGrid.Finetune(folder);
        CompressionGrid.Create(folder["grid"], SmallGrid.Configuration(model)).Dispose();
        Spoil(model, 0.5f);
        Assert.Contains("is not what the grid was made from", Assert.Throws<RunMismatchException>(
            () => CompressionGrid.Resume(folder["grid"])).Message, StringComparison.Ordinal);
    }

    private static void Spoil(string run, float value)
    {
        string path = Path.Join(run, RunDirectory.ModelName, ModelFolder.WeightsName);
        ModelWeights weights = ModelWeights.Load(path);
        Array.Fill(weights["classifier.dense.bias"].Values, value);
        weights.Save(path);
    }

    private sealed class Counting(Action<GridProgress> told) : IProgress<GridProgress>
    {
        public void Report(GridProgress value) => told(value);
    }
}

using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Text.Batching;
using Espalier.Text.Corpora;
using Espalier.Text.Sample;
using Espalier.Text.Tokenization;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Benchmarks;

/// <summary>
/// The trainer's whole loop (data, masking, clipping, logging into a run directory) beside the bare step of <c>step</c>, in
/// turn, a step each, so that whatever else the machine does falls on both.
/// </summary>
internal static class TrainingBenchmark
{
    public static Command Create()
    {
        Option<bool> json = BenchmarkOptions.Json();
        Option<int> threads = BenchmarkOptions.Threads();
        Option<double> seconds = BenchmarkOptions.Seconds("Time for each shape", 20);
        Option<string[]> shapes = BenchmarkOptions.Shapes("2x64x32", "2x128x32", "3x256x32");
        var command = new Command("training", "The trainer's loop beside a bare step") { json, threads, seconds, shapes };
        command.SetAction(parsed => Run(
            parsed.GetValue(json), parsed.GetValue(threads), parsed.GetValue(seconds), parsed.GetValue(shapes)!));
        return command;
    }

    private static void Run(bool json, int threads, double seconds, string[] shapes)
    {
        var report = new BenchmarkReport(json);
        string folder = Directory.CreateTempSubdirectory("espalier-benchmark-").FullName;
        try
        {
            // The sample language has few symbols, but the model is as large as the bare step's: only ids differ.
            string[] lines = [.. new SampleLanguage(1).Documents().Take(5000)];
            Tokenizer tokenizer = new BpeTrainer(new BpeTrainerOptions { VocabularySize = 600 }).TrainLines(lines);
            File.WriteAllLines(Path.Join(folder, "corpus.txt"), lines);
            new CorpusPreparation(tokenizer, new CorpusPreparationOptions()).Run([Path.Join(folder, "corpus.txt")], Path.Join(folder, "data"));
            using var corpus = PreparedCorpus.Open(Path.Join(folder, "data"));
            using var device = new CpuDevice(threads);
            report.Say(device.Description);
            foreach ((int layers, int hidden, int sequences) in BenchmarkOptions.Read(shapes))
            {
                report.Add(Row(device, corpus, tokenizer, layers, hidden, sequences, seconds, Path.Join(folder, $"{layers}x{hidden}")));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        report.Finish();
    }

    private static BenchmarkRow Row(
        CpuDevice device, PreparedCorpus corpus, Tokenizer tokenizer, int layers, int hidden, int sequences, double seconds, string folder)
    {
        using var bare = new TrainingStep(device, layers, hidden, sequences);
        bare.Verify();
        var blocks = new MaskedBlockOptions
        {
            BlockTokens = TrainingStep.Length,
            BatchBlocks = sequences,
            MicroBatchTokens = sequences * TrainingStep.Length,
        };
        using var objective = MaskedLanguageModelling.Create(device, new EncoderConfiguration
        {
            Layers = layers,
            Hidden = hidden,
            Vocabulary = TrainingStep.Vocabulary,
            MaximumPositions = TrainingStep.Length,
        }, corpus, tokenizer, blocks, heldOutBlocks: 1, seed: 1);
        using RunDirectory run = RunDirectory.Create(folder, new RunManifest
        {
            Kind = "benchmark",
            Version = string.Empty,
            Created = DateTimeOffset.UtcNow,
            Machine = MachineRecord.Here(device.Description, 0),
            TokenizerFingerprint = tokenizer.Fingerprint,
            DataFingerprint = string.Empty,
            Configuration = JsonDocument.Parse("{}").RootElement,
        });
        using var trainer = new Trainer(objective, new TrainerSettings
        {
            Budget = new TrainingBudget { Time = TimeSpan.FromSeconds(seconds) },
            Schedule = new LearningRateSchedule { Peak = 1e-3 },
            Checkpoints = new CheckpointPolicy { Every = new Interval() },
        }, run);
        var turns = new Turns(() => bare.Run(), sequences * TrainingStep.Length);
        trainer.Run(turns);
        (double ours, double theirs) = (turns.TokensPerSecond(turns.Trainer), turns.TokensPerSecond(turns.Bare));
        return new BenchmarkRow(
            "trainer's loop", $"{layers} × {hidden}, batch {sequences}", device.Threads, "tokens/s", ours, "bare step", theirs, ours / theirs)
        {
            More = new() { ["steps"] = turns.Trainer.Count, ["managedBytesPerStep"] = Measure.Median(turns.Allocated) },
        };
    }

    /// <summary>Takes a bare step after each of the trainer's, and times both.</summary>
    private sealed class Turns(Action bare, int tokens) : IProgress<TrainingProgress>
    {
        private long _since;
        private long _allocated;

        public List<double> Trainer { get; } = [];

        public List<double> Bare { get; } = [];

        public List<double> Allocated { get; } = [];

        public double TokensPerSecond(List<double> seconds) => tokens / Measure.Median(seconds);

        public void Report(TrainingProgress value)
        {
            // A short batch ends each pass over the data.
            if (value.Phase == TrainingPhase.Training && _since != 0 && value.StepTokens == tokens)
            {
                Trainer.Add(Stopwatch.GetElapsedTime(_since).TotalSeconds);
                Allocated.Add(GC.GetAllocatedBytesForCurrentThread() - _allocated);
            }

            long start = Stopwatch.GetTimestamp();
            bare();
            Bare.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            _allocated = GC.GetAllocatedBytesForCurrentThread();
            _since = Stopwatch.GetTimestamp();
        }
    }
}

using System.Text.Json;
using Espalier.Engine.Devices;
using Espalier.Tests.Training.Runs;
using Espalier.Text.Labelled;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Finetuning;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Finetuning;

public sealed class FinetuningRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FinetuningRunTests() => SmallFinetuning.Data(_folder);

    [Fact]
    public void Train_Grid_KeepsTheBestModelAndWhatItPredicts()
    {
        using FinetuningRun run = FinetuningRun.Create(_folder["run"], SmallFinetuning.Configuration(_folder));
        FinetuningOutcome outcome = run.Train();
        Assert.Equal((TrainingEnd.Finished, 2, 1e-2), (outcome.End, outcome.Trials.Count, outcome.Best!.Setting.LearningRate));
        Assert.True(outcome.Best.Best.Accuracy > 0.9, $"accuracy {outcome.Best.Best.Accuracy}");
        Assert.Equal(outcome.Best.Best.Accuracy, outcome.Predictions!.Confusion.Accuracy);
        Assert.Equal(outcome.Best.Best.Loss, outcome.Predictions.Loss, 1e-9);

        JsonElement config = JsonDocument.Parse(File.ReadAllBytes(_folder["run/model/config.json"])).RootElement;
        Assert.Equal("leaf", config.GetProperty("id2label").GetProperty("1").GetString());
        Assert.Equal("RobertaPreLayerNormForSequenceClassification", config.GetProperty("architectures")[0].GetString());
        JsonElement first = JsonDocument.Parse(File.ReadLines(_folder["run/predictions.jsonl"]).First()).RootElement;
        Assert.Equal((0, "fruit"), (first.GetProperty("id").GetInt32(), first.GetProperty("label").GetString()));
        Assert.Equal(1, first.GetProperty("probabilities").EnumerateArray().Sum(p => p.GetDouble()), 1e-5);
        Assert.Equal(10, JsonDocument.Parse(File.ReadAllBytes(_folder["run/confusion.json"])).RootElement.GetProperty("counts")[0]
            .EnumerateArray().Sum(c => c.GetInt32()));

        // A step at a rate of nothing would be lost.
        Assert.All([0, 1], trial => Assert.True(EventLog.Read(_folder[$"run/trials/{trial}/events.jsonl"]).First(e => e.Event == "step").LearningRate > 0));

        // What is on the disk says the same.
        using var device = new CpuDevice(1);
        using var model = TrainedClassifier.Load(_folder["run/model"], device);
        LabelledSet set = LabelledSet.Read(_folder["set/dev.tsv"], new LabelledSetOptions(), new LabelVocabulary(model.Labels));
        Assert.Equal(outcome.Predictions.Loss, model.Measure(EncodedExamples.Encode(set, model.Tokenizer, 32)).Loss, 1e-9);
    }

    [Fact]
    public void Train_KilledAtAnyPointAndResumed_EndsWithTheSameModelAndTrials()
    {
        var whole = new KillingStorage(int.MaxValue);
        Attempt(_folder["whole"], whole);
        (byte[] Model, string[] Trials) expected = Ends(_folder["whole"]);
        Assert.Equal(2, expected.Trials.Length);
        foreach (int point in Drawn.Of(whole.Points, 20))
        {
            string run = _folder[$"run-{point}"];
            Assert.Throws<KilledException>(() => Attempt(run, new KillingStorage(point)));
            Attempt(run, new KillingStorage(int.MaxValue));
            (byte[] model, string[] trials) = Ends(run);
            Assert.True(expected.Model.AsSpan().SequenceEqual(model), $"killed at point {point}, the model differs");
            Assert.True(expected.Trials.SequenceEqual(trials), $"killed at point {point}: {string.Join("; ", trials)}");
            Assert.Empty(Directory.GetFileSystemEntries(run, "*.tmp", SearchOption.AllDirectories));
            Assert.True(File.Exists(Path.Join(run, "predictions.jsonl")));
        }
    }

    [Fact]
    public void Train_TimeIsUpAtOnce_HasAModelNeverthelessAndGoesOnWhenGivenMore()
    {
        FinetuningConfiguration c = SmallFinetuning.Configuration(_folder) with { Time = TimeSpan.FromTicks(1) };
        using (FinetuningRun run = FinetuningRun.Create(_folder["run"], c))
        {
            FinetuningOutcome outcome = run.Train();
            Assert.Equal((TrainingEnd.Finished, 1, 2), (outcome.End, outcome.Trials.Count, outcome.Grid));
            Assert.NotNull(outcome.Predictions);
        }

        using FinetuningRun more = FinetuningRun.Resume(_folder["run"], (_, spent) => spent + TimeSpan.FromHours(1));
        Assert.Equal(2, more.Train().Trials.Count);
    }

    [Fact]
    public void Resume_InATrialWithLessTime_EndsTheTrialWithIt()
    {
        FinetuningConfiguration c = SmallFinetuning.Configuration(_folder) with { Trial = new TrainingBudget { Time = TimeSpan.FromHours(1) }, Time = TimeSpan.FromHours(1) };
        using (FinetuningRun run = FinetuningRun.Create(_folder["run"], c))
        {
            using var cancel = new CancellationTokenSource();
            int steps = 0;
            Assert.Equal(TrainingEnd.Interrupted, run.Train((_, _) => new After(() => { if (++steps == 20) cancel.Cancel(); }), cancel.Token).End);
        }

        using FinetuningRun less = FinetuningRun.Resume(_folder["run"], (_, spent) => spent + TimeSpan.FromMilliseconds(1));
        Assert.InRange(less.Train().Trials[0].Steps, 1, 60);
    }

    [Fact]
    public void Train_NothingGetsBetter_StopsWhenPatienceIsAtItsEnd()
    {
        FinetuningConfiguration c = SmallFinetuning.Configuration(_folder) with
        {
            Grid = new FinetuningGrid { Batches = [8], LearningRates = [1e-12] },
            Trial = new TrainingBudget { Epochs = 10 },
            EvaluationsPerEpoch = 2,
            Patience = 3,
        };
        using FinetuningRun run = FinetuningRun.Create(_folder["run"], c);
        TrialResult trial = run.Train().Trials.Single();
        Assert.Equal((TrainingEnd.Stopped, 2.0, 0.5), (trial.End, trial.Epochs, trial.Best.Epochs));
        Assert.Contains("in 3 evaluations", trial.Message);
    }

    [Fact]
    public void Train_Cancelled_SavesAndEndsWithTheSameBits()
    {
        Attempt(_folder["whole"], new RunStorage());
        using (FinetuningRun run = FinetuningRun.Create(_folder["run"], SmallFinetuning.Configuration(_folder)))
        {
            using var cancel = new CancellationTokenSource();
            int steps = 0;
            Assert.Equal(TrainingEnd.Interrupted, run.Train((_, _) => new After(() => { if (++steps == 40) cancel.Cancel(); }), cancel.Token).End);
        }

        Attempt(_folder["run"], new RunStorage());
        Assert.Equal(Ends(_folder["whole"]).Model, Ends(_folder["run"]).Model);
    }

    [Fact]
    public void Train_CheckpointOfATrialIsDamaged_SaysSoInItsProgress()
    {
        using (FinetuningRun run = FinetuningRun.Create(_folder["run"], SmallFinetuning.Configuration(_folder)))
        {
            Assert.True(run.Record.PreparationSeconds > 0);
            using var cancel = new CancellationTokenSource();
            int steps = 0;
            Assert.Equal(TrainingEnd.Interrupted, run.Train((_, _) => new After(() => { if (++steps == 12) cancel.Cancel(); }), cancel.Token).End);
        }

        string newest = Directory.GetDirectories(_folder["run/trials/0/checkpoints"]).MaxBy(path => int.Parse(Path.GetFileName(path)["step-".Length..]))!;
        File.Delete(Path.Join(newest, "model.safetensors"));
        using FinetuningRun again = FinetuningRun.Resume(_folder["run"]);
        List<string> warnings = [];
        again.Train((_, _) => new Warned(warnings.Add));
        Assert.Contains("is damaged and passed over: model.safetensors is missing", Assert.Single(warnings));
    }

    [Fact]
    public void Train_FromAPretrainedRun_BeginsFromItsEncoderAndRefusesAnotherOne()
    {
        string data = SmallRun.Corpus(_folder);
        using (PretrainingRun pretraining = PretrainingRun.Create(_folder["pretrained"], SmallRun.Configuration(data), new RunStorage(), _ => 1))
        {
            Assert.Contains("has no model yet", Assert.Throws<RunException>(() => FinetuningRun.Create(_folder["early"], From())).Message);
            pretraining.Train();
        }

        using (FinetuningRun run = FinetuningRun.Create(_folder["run"], From()))
        {
            Assert.Equal((2, 16, 16), (run.Record.Configuration.Model!.Layers, run.Record.Configuration.Model.Hidden, run.Record.Configuration.MaximumTokens));
            run.Train();
        }

        // As it was at half of its budget; where it lies stays right when the run is given more.
        using (FinetuningRun half = FinetuningRun.Create(_folder["half"], From() with { From = _folder["pretrained@0.5"] }))
        {
            Assert.Equal(_folder["pretrained/fractions/0.5"], half.Record.Configuration.From);
            half.Train();
        }

        Assert.Contains("has kept no model at 0.3 of its budget; there is 0.5", Assert.Throws<RunException>(
            () => FinetuningRun.Create(_folder["early"], From() with { From = _folder["pretrained@0.3"] })).Message);
        string weights = _folder["pretrained/model/model.safetensors"];
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        Assert.Contains("the model in", Assert.Throws<RunMismatchException>(() => FinetuningRun.Resume(_folder["run"])).Message);

        FinetuningConfiguration From() => SmallFinetuning.Configuration(_folder) with
        {
            From = _folder["pretrained"],
            Tokenizer = null,
            Model = null,
            Trial = new TrainingBudget { Steps = 2 },
        };
    }

    [Fact]
    public void Train_ConstantSchedule_EndsAtThePeak()
    {
        FinetuningConfiguration c = SmallFinetuning.Configuration(_folder) with
        {
            Grid = new FinetuningGrid { Batches = [8], LearningRates = [1e-2] },
            Trial = new TrainingBudget { Steps = 3 },
            WarmupFraction = 0,
            Schedule = LearningRateDecay.Constant,
        };
        using FinetuningRun run = FinetuningRun.Create(_folder["run"], c, new RunStorage(), _ => 1);
        run.Train();
        Assert.Equal(1e-2, EventLog.Read(_folder["run/trials/0/events.jsonl"]).Last(e => e.Event == "step").LearningRate);
    }

    [Fact]
    public void Resume_TokenizerMovedOrGone_GoesOnWithTheRunsOwnOrTheOneThatIsNamed()
    {
        FinetuningConfiguration c = SmallFinetuning.Configuration(_folder) with { Trial = new TrainingBudget { Steps = 2 } };
        FinetuningRun.Create(_folder["run"], c, new RunStorage(), _ => 1).Dispose();
        File.Move(_folder["tokenizer.json"], _folder["moved.json"]);
        Resume().Dispose();
        File.Delete(_folder["run/tokenizer.json"]);
        Assert.Throws<Espalier.Text.TextException>(() => Resume());
        using FinetuningRun run = Resume(r => r with { Tokenizer = _folder["moved.json"] });
        Assert.Equal(_folder["moved.json"], run.Record.Configuration.Tokenizer);

        FinetuningRun Resume(Func<FinetuningConfiguration, FinetuningConfiguration>? moved = null)
            => FinetuningRun.Resume(_folder["run"], null, new RunStorage(), _ => 1, moved);
    }

    [Fact]
    public void Create_ManyFaults_ListsThemAllAndMakesNothing()
    {
        FinetuningConfiguration c = SmallFinetuning.Configuration(_folder) with
        {
            Patience = -1,
            Grid = new FinetuningGrid { Batches = [0], Seeds = [7, 7] },
            Tokenizer = null,
        };
        string message = Assert.Throws<Espalier.Engine.Models.ConfigurationException>(() => FinetuningRun.Create(_folder["run"], c)).Message;
        Assert.All(["patience of -1", "batch size 0", "seed 7 is given 2 times", "neither a model"], part => Assert.Contains(part, message));
        Assert.False(Directory.Exists(_folder["run"]));
    }

    public void Dispose() => _folder.Dispose();

    private void Attempt(string path, RunStorage storage)
    {
        using FinetuningRun run = RunDirectory.IsAt(path)
            ? FinetuningRun.Resume(path, null, storage, _ => 1)
            : FinetuningRun.Create(path, SmallFinetuning.Configuration(_folder), storage, peak: _ => 1);
        run.Train();
    }

    private static (byte[] Model, string[] Trials) Ends(string run) => (
        File.ReadAllBytes(Path.Join(run, RunDirectory.ModelName, ModelFolder.WeightsName)),
        [.. TrialLog.Read(run).Select(t => $"{t.Trial} {t.Setting} {t.End} {t.Best} {t.Steps} {t.Tokens} {t.ProductFlops}")]);

    private sealed class Warned(Action<string> warn) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Warning != null)
            {
                warn(value.Warning);
            }
        }
    }

    private sealed class After(Action action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => action();
    }
}

using System.Text.Json.Nodes;
using Espalier.Engine.Models;
using Espalier.Tests.Training.Runs;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Tests.Training.Translation;

public class TranslationRunTests
{
    [Fact]
    public void Train_KilledAtAnyPointAndResumed_EndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder);
        var whole = new KillingStorage(int.MaxValue);
        Attempt(folder, "whole", whole);
        string[] expected = State(folder["whole"]);
        foreach (int point in Drawn.Of(whole.Points, 15))
        {
            string run = $"run-{point}";
            Assert.Throws<KilledException>(() => Attempt(folder, run, new KillingStorage(point)));
            Attempt(folder, run, new KillingStorage(int.MaxValue));
            Assert.True(expected.SequenceEqual(State(folder[run])), $"killed at point {point}, the run differs");
            Assert.Empty(Directory.GetFileSystemEntries(folder[run], "*.tmp", SearchOption.AllDirectories));
        }
    }

    [Fact]
    public void Train_WordsThatEachHaveAnother_LearnsThemAndKeepsTheBest()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder, pairs: 400);
        TranslationConfiguration small = SmallTranslation.Configuration(folder, new TrainingBudget { Steps = 200 });
        using TranslationRun run = SmallTranslation.Create(folder, "run", small with
        {
            Model = small.Model with { Hidden = 32, Dropout = 0, AttentionDropout = 0 },
            Training = small.Training with
            {
                Schedule = new LearningRateSchedule { Peak = 1e-2 },
                Evaluation = new Interval(Steps: 50),
                Checkpoints = new CheckpointPolicy(),
            },
        });
        TranslationOutcome outcome = run.Train();
        Evaluation[] evaluations = [.. EventLog.Read(folder["run/events.jsonl"]).Where(e => e.Event == "evaluation").Select(e => e.Evaluation!)];
        Assert.Equal(new int?[] { null, null, null, null, 2 }, evaluations.Select(e => e.Averaged));
        Assert.True(evaluations[3].Loss < 0.5 * evaluations[0].Loss, string.Join(", ", evaluations.Select(e => $"{e.Loss:F3} {e.Value:F1}")));
        Assert.True(outcome.Best!.Bleu > 60, $"{outcome.Best}");
        Assert.Equal(evaluations.Max(e => e.Value), outcome.Best.Bleu);
        Assert.Equal(outcome.Best, TranslationFolder.ReadBest(folder["run/model"]));
    }

    [Fact]
    public void Train_GivenMoreSteps_GoesOnAndKeepsItsHistory()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder);
        Attempt(folder, "run", new RunStorage());
        using (TranslationRun run = TranslationRun.Resume(folder["run"], (old, spent) => old.Extend(new TrainingBudget { Steps = 4 }, spent)))
        {
            Assert.Equal(SmallTranslation.Steps + 4, run.Train().Training.State.Step);
        }

        Assert.Equal(
            [SmallTranslation.Steps, SmallTranslation.Steps + 4],
            EventLog.Read(folder["run/events.jsonl"]).Where(e => e.Event == "finished").Select(e => (int)e.Step));
        Assert.Contains("used up already", Assert.Throws<RunException>(
            () => TranslationRun.Resume(folder["run"], (_, _) => new TrainingBudget { Steps = 4 })).Message);
    }

    [Fact]
    public void Train_DevelopmentLineThatIsASpecialToken_IsScoredAsItStands()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder);
        File.AppendAllText(folder["dev.a"], "one two\nred sun\n");
        File.AppendAllText(folder["dev.b"], "<unk>\nxred <unk> xsun\n");
        Attempt(folder, "run", new RunStorage());
        Assert.Equal(14, TranslationRecord.Read(folder["run"], RunDirectory.ReadManifest(folder["run"])).DevelopmentPairs);
    }

    [Fact]
    public void Resume_TrainingFileChanged_IsNoticed()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder);
        Attempt(folder, "run", new RunStorage());
        File.AppendAllText(folder["train.a"], "one two\n");
        File.AppendAllText(folder["train.b"], "xone xtwo\n");
        Assert.Contains("the data is not what the run was made with", Assert.Throws<RunMismatchException>(() => TranslationRun.Resume(folder["run"])).Message);
    }

    [Fact]
    public void Resume_EarlierVersionWithFilesAmongTheSettings_FindsThemAndGoesOn()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder);
        Attempt(folder, "run", new RunStorage());
        JsonNode manifest = JsonNode.Parse(File.ReadAllText(folder["run/run.json"]))!;
        JsonObject settings = manifest["configuration"]!["configuration"]!.AsObject(), corpus = settings["corpus"]!.AsObject();
        settings.Remove("corpus");
        foreach ((string name, JsonNode? file) in corpus)
        {
            settings[name] = file!.DeepClone();
        }

        File.WriteAllText(folder["run/run.json"], manifest.ToJsonString());
        using (TranslationRun run = TranslationRun.Resume(folder["run"], (old, spent) => old.Extend(new TrainingBudget { Steps = 1 }, spent)))
        {
            Assert.Equal(folder["train.a"], Assert.Single(run.Record.Configuration.Corpus.TrainSource));
            Assert.Equal(folder["dev.b"], run.Record.Configuration.Corpus.DevelopmentTarget);
        }

        File.WriteAllText(folder["run/run.json"], manifest.ToJsonString().Replace("\"trainSource\"", "\"lost\""));
        Assert.Contains("holds no configuration of translation", Assert.Throws<RunDamagedException>(() => TranslationRun.Resume(folder["run"])).Message);
    }

    [Fact]
    public void Snapshots_EvaluationsAfterTheBest_AreNotInTheAverage()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder);
        using TranslationRun run = SmallTranslation.Create(folder, "run");
        using Engine.Models.ModelFixture<EncoderDecoder> f = new(p => new EncoderDecoder(p, Engine.Models.SmallModels.EncoderDecoder));
        var snapshots = new Snapshots(run.Directory, 2);
        List<TrainingEvent> log = [];
        Assert.Null(snapshots.Average(f.Parameters, new EvaluationHistory(log)));

        // A run that was resumed from step 25 met step 28 never again.
        foreach ((long step, float value, double bleu) in new[] { (10L, 1f, 5.0), (20L, 2f, 7.0), (25L, 4f, 9.0), (28L, 50f, 2.0), (30L, 9f, 3.0), (40L, 9f, 2.0) })
        {
            log.RemoveAll(e => e.Step == 28);
            log.Add(new TrainingEvent { Event = "evaluation", Step = step, Evaluation = new Evaluation("BLEU", bleu, 1, 1, 1) });
            f.Device.Kernels.Fill(f.Parameters.Weights, value);
            snapshots.Add(f.Parameters, new EvaluationHistory(log));
        }

        Assert.Equal([20L, 25L, 30L, 40L], snapshots.Steps);
        Assert.Equal(2, snapshots.Average(f.Parameters, new EvaluationHistory(log)));
        Assert.All(f.Read(f.Parameters.All[0].Data), x => Assert.Equal(3f, x));
    }

    [Fact]
    public void Create_WrongSettings_AllFaultsAreNamed()
    {
        using var folder = new TemporaryFolder();
        TranslationConfiguration small = SmallTranslation.Configuration(folder), wrong = small with
        {
            Corpus = small.Corpus with { TrainTarget = [] },
            Vocabulary = 3,
            MaximumTokens = 2,
            BatchTokens = 0,
            MicroBatchTokens = 0,
            Patience = -1,
            Average = -1,
            Threads = -1,
        };
        Assert.Equal(8, Assert.Throws<ConfigurationException>(() => TranslationRun.Create(folder["run"], wrong)).Faults.Count);
        Assert.False(Directory.Exists(folder["run"]));
    }

    // At a constant rate the weights go to and fro about what is best.
    [Fact]
    public void Train_AverageIsBetterThanEachOfItsParts_IsKept()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder);
        TranslationConfiguration small = SmallTranslation.Configuration(folder, new TrainingBudget { Steps = 240 });
        using TranslationRun run = SmallTranslation.Create(folder, "run", small with
        {
            Model = small.Model with { Hidden = 32 },
            Training = small.Training with
            {
                Schedule = new LearningRateSchedule { Peak = 1e-2, Decay = LearningRateDecay.Constant },
                Evaluation = new Interval(Steps: 8),
                Checkpoints = new CheckpointPolicy(),
            },
            Patience = 0,
            Average = 3,
        });
        TranslationBest best = run.Train().Best!;
        Assert.Equal(3, best.Averaged);
        Assert.Contains(
            EventLog.Read(folder["run/events.jsonl"]), e => e.Evaluation is { Averaged: 3 } evaluation && evaluation.Loss == best.Loss);
    }

    private static void Attempt(TemporaryFolder folder, string name, RunStorage storage)
    {
        string path = folder[name];
        using TranslationRun run = RunDirectory.IsAt(path)
            ? TranslationRun.Resume(path, null, storage, _ => 1e9)
            : SmallTranslation.Create(folder, name, storage: storage);
        Assert.Equal(TrainingEnd.Finished, run.Train().Training.End);
    }

    // What must not depend on whether a run was killed: the last weights, the model that was kept, what was averaged, every evaluation.
    private static string[] State(string run) =>
    [
        Hash(Path.Join(run, $"checkpoints/step-{SmallTranslation.Steps}/model.safetensors")), Hash(Path.Join(run, "model/model.safetensors")),
        File.ReadAllText(Path.Join(run, "model/best.json")),
        .. Directory.GetDirectories(Path.Join(run, "snapshots")).Order().Select(step => $"{Path.GetFileName(step)} {Hash(Path.Join(step, "model.safetensors"))}"),
        .. EventLog.Read(Path.Join(run, "events.jsonl")).Where(e => e.Event == "evaluation").Select(e => $"{e.Step} {e.Evaluation}").Distinct(),
    ];

    private static string Hash(string file) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)));
}

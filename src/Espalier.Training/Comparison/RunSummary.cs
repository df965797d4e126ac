using System.Text.Json;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Training.Finetuning;
using Espalier.Training.Objectives;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Training.Comparison;

/// <summary>A run in one line, for setting it beside others.</summary>
/// <param name="Path">Its folder.</param>
/// <param name="Kind">What kind of run.</param>
/// <param name="Phase"><c>running</c>, or how it ended last: <c>finished</c>, <c>stopped</c> before all trials of a grid, <c>interrupted</c>,
/// <c>diverged</c>; <c>killed</c> where it did not end.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Layers">Layers of its model.</param>
/// <param name="Hidden">Width of its model.</param>
/// <param name="Parameters">Values of all parameters.</param>
/// <param name="Steps">Optimizer steps, of all trials where there are several.</param>
/// <param name="Tokens">Tokens that passed through the model.</param>
/// <param name="TrainingSeconds">Seconds within steps.</param>
/// <param name="TokensPerSecond">Tokens per second of training; null before the first step.</param>
/// <param name="Flops">Operations.</param>
/// <param name="Metric">What was evaluated: <c>perplexity</c>, <c>accuracy</c> or <c>BLEU</c>; null before the first evaluation.</param>
/// <param name="Value">The latest value of a pretraining run, the best of any other.</param>
public sealed record RunSummary(
    string Path, string Kind, string Phase, DateTimeOffset Created, int Layers, int Hidden, long Parameters, long Steps, long Tokens,
    double TrainingSeconds, double? TokensPerSecond, FlopCount Flops, string? Metric, double? Value)
{
    /// <summary>Matrix products of training beside the machine's measured rate of them, from 0 to 1; null before the first step.</summary>
    public double? PeakFraction { get; private init; }

    /// <summary>The run or the model whose weights it began from; null where they were new, and in translation.</summary>
    public string? From { get; private init; }

    /// <summary>The held-out perplexity of a model that ignores context; null for other runs.</summary>
    public double? UnigramPerplexity { get; private init; }

    /// <summary>Trials that have ended; null where there is no grid of them.</summary>
    public int? Trials { get; private init; }

    /// <summary>Trials of its grid.</summary>
    public int? TrialsOfGrid { get; private init; }

    /// <summary>Sums up a run without disturbing it.</summary>
    /// <exception cref="RunException">There is none, it is damaged, or of a kind that is not known.</exception>
    public static RunSummary Of(string path)
    {
        RunManifest manifest = RunDirectory.ReadManifest(path);
        try
        {
            return manifest.Kind switch
            {
                PretrainingRun.Kind => OfPretraining(path, manifest),
                FinetuningRun.Kind => OfFinetuning(path, manifest),
                TranslationRun.Kind => OfTranslation(path, manifest),
                _ => throw new RunException(
                    path, $"is a run of {manifest.Kind}; known are {PretrainingRun.Kind}, {FinetuningRun.Kind} and {TranslationRun.Kind}"),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or ConfigurationException)
        {
            throw new RunDamagedException(path, $"cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Sums up every run in a folder, or the one that the folder is.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="other">Told of each folder in it that is no run, or a damaged one, and why.</param>
    /// <exception cref="RunException">There is no such folder.</exception>
    public static IReadOnlyList<RunSummary> In(string folder, Action<string, string> other)
    {
        if (!Directory.Exists(folder))
        {
            throw new RunException(folder, "there is no such folder; name one with runs in it");
        }

        List<RunSummary> runs = [];
        string[] folders = RunDirectory.IsAt(folder) ? [folder] : [.. Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal)];
        foreach (string path in folders)
        {
            try
            {
                runs.Add(Of(path));
            }
            catch (RunException e)
            {
                other(path, e.Message);
            }
        }

        return runs;
    }

    private static RunSummary OfPretraining(string path, RunManifest manifest)
    {
        PretrainingRecord record = manifest.ConfigurationAs(PretrainingJson.Default.PretrainingRecord);
        EncoderConfiguration model = record.Configuration.Model;
        return OfTraining(path, manifest, model, Count(parameters => new MaskedLanguageModel(parameters, model))) with
        {
            From = record.Configuration.From,
            UnigramPerplexity = record.UnigramPerplexity,
        };
    }

    private static RunSummary OfTranslation(string path, RunManifest manifest)
    {
        EncoderDecoderConfiguration model = TranslationRecord.Read(path, manifest).Configuration.Model;
        RunSummary summary = OfTraining(path, manifest, model, Count(parameters => new EncoderDecoder(parameters, model).Dispose()));
        TranslationBest? best = TranslationFolder.ReadBest(System.IO.Path.Join(path, RunDirectory.ModelName));
        return best == null ? summary : summary with { Metric = "BLEU", Value = best.Bleu };
    }

    private static RunSummary OfTraining(string path, RunManifest manifest, StackConfiguration model, long parameters)
    {
        IReadOnlyList<TrainingEvent> events = EventLog.Read(System.IO.Path.Join(path, RunDirectory.EventsName));
        TrainingEvent last = events.LastOrDefault() ?? new TrainingEvent { Event = "started" };
        Evaluation? evaluation = events.LastOrDefault(e => e.Event == "evaluation")?.Evaluation;
        return new RunSummary(
            path, manifest.Kind, RunDirectory.IsHeld(path) ? "running" : EndOf(events), manifest.Created, model.Layers, model.Hidden,
            parameters, last.Step, last.Tokens, last.Elapsed, Rate(last.Tokens, last.Elapsed),
            new FlopCount(last.ProductFlops, last.ElectraFlops), evaluation?.Metric, evaluation?.Value)
        {
            PeakFraction = PeakFractionOf([events], manifest.Machine.PeakFlops),
        };
    }

    private static string EndOf(IReadOnlyList<TrainingEvent> events)
        => events.LastOrDefault(e => e.Event != "checkpoint")?.Event is ("finished" or "stopped" or "interrupted" or "diverged") and var end
            ? end : "killed";

    private static RunSummary OfFinetuning(string path, RunManifest manifest)
    {
        FinetuningRecord record = FinetuningPreparation.Read(path, manifest);
        EncoderConfiguration model = record.Configuration.Model ?? throw new RunDamagedException(path, "names no model");
        IReadOnlyList<TrialResult> trials = TrialLog.Read(path);
        int grid = record.Configuration.Grid.Trials().Count;
        long tokens = trials.Sum(t => t.Tokens);
        double seconds = trials.Sum(t => t.TrainingSeconds);
        // One that was left half-way tells how. Where none was, the time was up.
        string left = TrialTable.PathOf(path, trials.Count), phase = trials.Count == grid ? "finished"
            : RunDirectory.IsAt(left) ? EndOf(EventLog.Read(System.IO.Path.Join(left, RunDirectory.EventsName))) : "stopped";
        return new RunSummary(
            path, manifest.Kind, RunDirectory.IsHeld(path) ? "running" : phase, manifest.Created,
            model.Layers, model.Hidden, Count(parameters => new SequenceClassifier(parameters, model, record.Labels.Count)),
            trials.Sum(t => t.Steps), tokens, seconds, Rate(tokens, seconds),
            new FlopCount(trials.Sum(t => t.ProductFlops), trials.Sum(t => t.ElectraFlops)),
            trials.Count == 0 ? null : "accuracy", FinetuningOutcome.BestOf(trials)?.Best.Accuracy)
        {
            From = record.Configuration.From,
            Trials = trials.Count,
            TrialsOfGrid = grid,
            PeakFraction = PeakFractionOf(
                [.. trials.Select(t => EventLog.Read(System.IO.Path.Join(TrialTable.PathOf(path, t.Trial), RunDirectory.EventsName)))],
                manifest.Machine.PeakFlops),
        };
    }

    /// <summary>What training took from each start or resumption on, beside the best rate that was measured in it: who shares the machine
    /// changes, and so may the machine.</summary>
    private static double? PeakFractionOf(IReadOnlyList<IReadOnlyList<TrainingEvent>> logs, double peak)
    {
        double seconds = 0, secondsAtPeak = 0;
        foreach (IReadOnlyList<TrainingEvent> log in logs.Where(log => log.Count > 0))
        {
            double begun = 0;
            foreach (TrainingEvent e in log)
            {
                if (e.Event is "started" or "resumed")
                {
                    secondsAtPeak += AtPeak(e.ProductFlops - begun);
                    (begun, peak) = (e.ProductFlops, e.PeakFlops ?? peak);
                }

                peak = Math.Max(peak, e.PeakFlops ?? 0);
            }

            secondsAtPeak += AtPeak(log[^1].ProductFlops - begun);
            seconds += log[^1].Elapsed;
        }

        return seconds > 0 && secondsAtPeak > 0 ? secondsAtPeak / seconds : null;

        double AtPeak(double flops) => peak > 0 ? flops / peak : 0;
    }

    private static double? Rate(long tokens, double seconds) => seconds > 0 ? tokens / seconds : null;

    // Declared only: no memory is taken.
    private static long Count(Action<ParameterSet> declare)
    {
        using var device = new CpuDevice(1);
        using var parameters = new ParameterSet(device);
        declare(parameters);
        return parameters.Count;
    }
}

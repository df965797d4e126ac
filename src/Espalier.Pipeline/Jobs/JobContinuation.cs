using Espalier.Pipeline.Reports;

namespace Espalier.Pipeline.Jobs;

/// <summary>What a job that is resumed does again.</summary>
internal static class JobContinuation
{
    /// <summary>
    /// Puts the first phase that failed, and all after it, back: what was at fault may have been mended. Not a plan once another size
    /// was trained, nor pretraining once there is a classifier without it: with these the rest would have to be thrown away.
    /// </summary>
    public static JobRecord Retry(JobRecord record)
    {
        int first = FirstToRetry(record);
        return first < 0 ? record : From(record, first);
    }

    /// <summary>Whether a job that is resumed tries a phase again.</summary>
    public static bool CanRetry(JobRecord record) => FirstToRetry(record) >= 0;

    /// <summary>
    /// Gives a job more time. One that still trains or compresses shares it out among the phases to come; one that is past that
    /// pretrains further, and finetunes and compresses that model as well: what it had stays, and the best of all becomes the package.
    /// </summary>
    public static JobRecord Extend(JobRecord record, TimeSpan more)
    {
        bool ended = !Enumerable.Range(0, (int)JobPhase.Choose).Any(i => record.Phases[i].State is PhaseState.Waiting or PhaseState.Running);
        if (ended)
        {
            record = From(record, (int)JobPhase.Pretrain) with { Extensions = record.Extensions + 1 };
        }

        double[] shares = [.. JobSchedule.Of(more, TimeSpan.Zero, record.Settings.Product).Select((share, i) =>
            i == (int)JobPhase.Plan || record.Phases[i].State is not (PhaseState.Waiting or PhaseState.Running) ? 0 : share.PlannedSeconds ?? 0)];
        double sum = shares.Sum();
        return record with
        {
            Settings = record.Settings with { Budget = record.Settings.Budget + more },
            PlannedBudget = record.PlannedBudget ?? record.Settings.Budget,
            Phases = [.. record.Phases.Select((p, i) => !JobSchedule.Has(p) ? p : p with { PlannedSeconds = p.PlannedSeconds + (more.TotalSeconds * shares[i] / sum) })],
        };
    }

    private static int FirstToRetry(JobRecord record)
    {
        return Enumerable.Range(0, record.Phases.Count).FirstOrDefault(
            i => record.Phases[i].State == PhaseState.Failed && !(IsTraining(i) && record.Phases[i + 1].State == PhaseState.Done), -1);

        static bool IsTraining(int phase) => phase is (int)JobPhase.Plan or (int)JobPhase.Pretrain;
    }

    private static JobRecord From(JobRecord record, int first) => record with
    {
        Phases = [.. record.Phases.Select((p, i) => i < first || !JobSchedule.Has(p) ? p : p with { State = PhaseState.Waiting, Note = null })],
        Notes = [.. record.Notes.Where(n => (int)n.Phase < first)],
    };
}

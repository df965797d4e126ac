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

    /// <summary>Notes which files are no longer those that the job was given. Whoever prepares them anew begins with what they are now.</summary>
    public static JobRecord WithInputs(JobRecord record)
    {
        string[] changed = record.HasEnded ? [] : [.. record.Inputs.Where(i => JobReproduction.StampOf(i.Key) != i.Value).Select(i => i.Key)];
        return changed.Length == 0 ? record : record with
        {
            Inputs = record.Inputs.ToDictionary(i => i.Key, i => JobReproduction.StampOf(i.Key)),
            Notes = [.. record.Notes, .. changed.Select(file => new JobNote(
                JobPhase.Prepare, $"{Path.GetFileName(file)} was changed, or moved, after the job began: what was made of it before stays, and what comes after reads it as it is now."))],
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

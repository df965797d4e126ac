using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Training.Translation;

/// <summary>The model that a run keeps: the best of its evaluations, or the average of those that lead up to it.</summary>
internal sealed class KeptTranslator(RunDirectory run, TranslationMaterials materials, TranslationConfiguration configuration)
{
    private readonly Snapshots _snapshots = new(run, configuration.Average);

    /// <summary>How good it is; null where none was measured yet.</summary>
    /// <exception cref="RunDamagedException">What says so cannot be read.</exception>
    public TranslationBest? Best => TranslationFolder.ReadBest(run.ModelPath);

    /// <summary>Keeps what was evaluated for the average, and where it is better than all before it as the model.</summary>
    /// <returns>Whether to go on: patience is not at its end.</returns>
    public bool Take(TrainingState state, Evaluation evaluation)
    {
        var history = new EvaluationHistory(run.Events.History());
        if (evaluation.Averaged == null)
        {
            _snapshots.Add(materials.Objective.Parameters, history);
        }

        // Among models that say nothing right yet, the likelier one.
        TranslationBest? best = Best;
        if (best == null || evaluation.Value > best.Bleu || (evaluation.Value == best.Bleu && evaluation.Loss < best.Loss))
        {
            (long step, double epochs) = evaluation.Averaged == null ? (state.Step, state.Epochs) : (history.Best!.Step, history.Best.Epochs);
            Write(new TranslationBest(step, epochs, evaluation.Value, evaluation.Loss, evaluation.Averaged ?? 1));
        }

        return !history.IsOutOfPatience(configuration.Patience);
    }

    /// <summary>Gives the parameters the average of the evaluations up to the best.</summary>
    /// <returns>Of how many; null where there are not two, and nothing was changed.</returns>
    public int? Average() => _snapshots.Average(materials.Objective.Parameters, new EvaluationHistory(run.Events.History()));

    /// <summary>Writes the model as it is where there is none yet: who is interrupted before the first evaluation has one all the same.</summary>
    public void WriteUnlessThere()
    {
        if (!Directory.Exists(run.ModelPath))
        {
            Write(best: null);
        }
    }

    private void Write(TranslationBest? best) => run.Storage.WriteFolder(run.ModelPath, folder => TranslationFolder.Write(
        folder, materials.Objective.Parameters, configuration.Model, materials.Data.Tokenizer, best));
}

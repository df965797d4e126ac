using System.Text.Json;
using Espalier.Engine.Models;
using Espalier.Training.Budgets;
using Espalier.Training.Runs;

namespace Espalier.Training.Translation;

/// <summary>What lies between what was asked for and what <c>run.json</c> holds.</summary>
internal static class TranslationPreparation
{
    /// <summary>Fills in what was left open.</summary>
    public static TranslationConfiguration Resolve(TranslationConfiguration asked, TranslationMaterials materials)
    {
        EncoderDecoderConfiguration model = asked.Model with
        {
            Vocabulary = materials.Data.Tokenizer.VocabularySize,
            MaximumPositions = asked.MaximumTokens,
        };
        return WithFullPaths(asked) with
        {
            Vocabulary = materials.Data.Tokenizer.VocabularySize,
            Model = model with { Heads = model.ActualHeads, FeedForward = model.ActualFeedForward, DecoderLayers = model.ActualDecoderLayers },
            Training = asked.Training with { Seed = asked.Seed },
            Threads = materials.Device.Threads,
        };
    }

    /// <summary>The configuration of a run whose files lie elsewhere now.</summary>
    public static TranslationConfiguration Moved(TranslationConfiguration c, Func<TranslationConfiguration, TranslationConfiguration>? moved)
        => moved == null ? c : WithFullPaths(moved(c));

    /// <summary>The same with another budget.</summary>
    public static TranslationConfiguration With(TranslationConfiguration c, TrainingBudget budget)
        => c with { Training = c.Training with { Budget = budget } };

    /// <summary>Gives a run another configuration.</summary>
    /// <exception cref="ConfigurationException">It has faults.</exception>
    /// <exception cref="RunStorageException">The folder cannot be written.</exception>
    public static TranslationRecord Change(RunDirectory run, TranslationRecord record, TranslationConfiguration changed)
    {
        ConfigurationException.ThrowIfAny("translation", changed.Validate());
        record = record with { Configuration = changed };
        run.Update(run.Manifest with { Configuration = JsonSerializer.SerializeToElement(record, TranslationJson.Default.TranslationRecord) });
        return record;
    }

    private static TranslationConfiguration WithFullPaths(TranslationConfiguration c) => c with
    {
        Corpus = c.Corpus.With(Path.GetFullPath),
        Tokenizer = c.Tokenizer == null ? null : Path.GetFullPath(c.Tokenizer),
    };
}

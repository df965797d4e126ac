using Espalier.Engine.Models;
using Espalier.Text.Bitext;
using Espalier.Text.Tokenization;

namespace Espalier.Training.Translation;

/// <summary>Everything that decides a translation run.</summary>
public sealed record TranslationConfiguration
{
    /// <summary>What is learned from, and measured by. Its test set plays no part.</summary>
    public required ParallelCorpus Corpus { get; init; }

    /// <summary>The tokenizer of both sides; null learns one from the training files.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Symbols of a tokenizer that is learned.</summary>
    public int Vocabulary { get; init; } = 8000;

    /// <summary>The model. Vocabulary and positions are filled in.</summary>
    public required EncoderDecoderConfiguration Model { get; init; }

    /// <summary>Pairs of which a side has more tokens than this, its special token included, are left out.</summary>
    public int MaximumTokens { get; init; } = 128;

    /// <summary>Most tokens of an effective batch, of both sides together.</summary>
    public int BatchTokens { get; init; } = 4096;

    /// <summary>Most tokens that pass through the model at once.</summary>
    public int MicroBatchTokens { get; init; } = 4096;

    /// <summary>Budget, learning rate, optimizer, evaluation and checkpoints.</summary>
    public required TrainerSettings Training { get; init; }

    /// <summary>Training ends after so many evaluations in a row without a better BLEU; 0 for never.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>The weights of so many of the last evaluations are averaged at the end, and kept if they are better; 0 or 1 for
    /// none.</summary>
    public int Average { get; init; } = 5;

    /// <summary>Seed of weights, data order and dropout.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Worker threads; 0 takes every core. Filled in when the run is made: it decides the bits.</summary>
    public int Threads { get; init; }

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        // Filled in before anything is built.
        List<string> faults = [.. Corpus.Validate(), .. (Model with { Vocabulary = 1, MaximumPositions = 2 }).Validate(), .. Training.Validate()];
        faults.Unless(Tokenizer != null || Vocabulary >= BpeTrainerOptions.SmallestVocabulary,
            $"a vocabulary of {Vocabulary}; expected {BpeTrainerOptions.SmallestVocabulary} (every byte and five special tokens) or more");
        faults.Unless(MaximumTokens >= 8, $"sentences of at most {MaximumTokens} tokens; expected 8 or more");
        faults.Unless(BatchTokens >= 1, $"a batch of {BatchTokens} tokens; expected 1 or more");
        faults.Unless(MicroBatchTokens >= 1, $"a micro-batch of {MicroBatchTokens} tokens; expected 1 or more");
        faults.Unless(Patience >= 0, $"a patience of {Patience} evaluations; expected 0 (never stop early) or more");
        faults.Unless(Average >= 0, $"an average of {Average} evaluations; expected 0 (none) or more");
        faults.Unless(Threads is >= 0 and <= 1024, $"{Threads} threads; expected 1 to 1024, or 0 for every core");
        return faults;
    }
}

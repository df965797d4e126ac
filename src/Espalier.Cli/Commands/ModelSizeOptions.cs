using System.CommandLine;
using Espalier.Engine.Models;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary>The options that say how large a new model is.</summary>
/// <param name="layers">Layers when left out.</param>
/// <param name="layersAre">What <c>--layers</c> is.</param>
/// <param name="only">What ends each description: where the options mean something, if not always.</param>
internal sealed class ModelSizeOptions(int layers = 3, string layersAre = "Layers", string only = "")
{
    private readonly Option<int> _layers = Number("--layers", layers, 1, layersAre + only);
    private readonly Option<int> _hidden = Number("--hidden", 256, 1, "Width of the model" + only);
    private readonly Option<int> _heads = Number("--heads", 0, 0, "Attention heads; 0 for one for each 64 of the width, and two at 64" + only);
    private readonly Option<int> _feedForward = Number("--feed-forward", 0, 0, "Width of the feed-forward layers; 0 for 4 × hidden" + only);
    private readonly Option<LayerSharing> _sharing = New("--sharing", LayerSharing.None, "Attention: all layers share one attention; All: all layers are one" + only);

    public IEnumerable<Option> All => [_layers, _hidden, _heads, _feedForward, _sharing];

    /// <summary>An encoder of this size. Its vocabulary and its positions are filled in from the data.</summary>
    public EncoderConfiguration Encoder(ParseResult parsed)
        => Sized(parsed, new EncoderConfiguration { Layers = 0, Hidden = 0, Vocabulary = 0, MaximumPositions = 0 });

    /// <summary>An encoder and a decoder of this size. Vocabulary and positions are filled in from the data.</summary>
    public EncoderDecoderConfiguration EncoderDecoder(ParseResult parsed)
        => Sized(parsed, new EncoderDecoderConfiguration { Layers = 0, Hidden = 0, Vocabulary = 0, MaximumPositions = 0 });

    /// <summary>Those of these options that were given and do not say what <paramref name="model"/> is.</summary>
    public IEnumerable<string> Contradicting(ParseResult parsed, EncoderConfiguration model)
        => from option in new (Option Option, bool Same)[]
           {
               (_layers, parsed.GetValue(_layers) == model.Layers),
               (_hidden, parsed.GetValue(_hidden) == model.Hidden),
               (_heads, parsed.GetValue(_heads) is var heads && (heads == 0 || heads == model.ActualHeads)),
               (_feedForward, parsed.GetValue(_feedForward) is var width && (width == 0 || width == model.ActualFeedForward)),
               (_sharing, parsed.GetValue(_sharing) == model.Sharing),
           }
           where !option.Same && parsed.GetResult(option.Option) is { Implicit: false }
           select option.Option.Name;

    private T Sized<T>(ParseResult parsed, T model) where T : StackConfiguration => (T)(model with
    {
        Layers = parsed.GetValue(_layers),
        Hidden = parsed.GetValue(_hidden),
        Heads = parsed.GetValue(_heads),
        FeedForward = parsed.GetValue(_feedForward),
        Sharing = parsed.GetValue(_sharing),
    });
}
